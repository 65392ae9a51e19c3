//! Those who connect and say nothing, something else, or say it slowly.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use samehost_transport_api::{Address, Fault, Listener, Options, Transport};
use samehost_transport_testkit::{RecordingAcceptor, read_all, read_to_end};
use samehost_transport_unix::{UnixOptions, UnixTransport};

/// A server that takes connections that begin with "first".
struct Server {
    path: PathBuf,
    acceptor: Arc<RecordingAcceptor>,
    listener: Box<dyn Listener>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn with(options: UnixOptions) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let address: Address = format!("unix:{}", path.display()).parse().unwrap();
        let acceptor = RecordingAcceptor::new(b"first");
        let listener = UnixTransport::new().listener(&address, &Options::new().with(options)).unwrap();
        listener.start(acceptor.clone()).unwrap();
        Server { path, acceptor, listener, _folder: folder }
    }

    /// One that waits for first bytes for longer than any test takes.
    fn patient() -> Server {
        Server::with(UnixOptions { hello_timeout: Duration::from_secs(3600), ..UnixOptions::default() })
    }

    fn visitor(&self) -> UnixStream {
        UnixStream::connect(&self.path).unwrap()
    }

    fn address(&self) -> String {
        self.listener.address()
    }
}

/// What a visitor is told before the end; a slow one may find the connection reset after it.
fn told(mut visitor: &UnixStream) -> String {
    let (mut text, mut buffer) = (Vec::new(), [0; 512]);
    while let Ok(count @ 1..) = visitor.read(&mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn silent_visitors_hold_up_nobody() {
    let server = Server::patient();
    let silent: Vec<_> = (0..100).map(|_| server.visitor()).collect();
    let mut visitor = server.visitor();
    visitor.write_all(b"first").unwrap();
    let link = server.acceptor.next_link();
    read_all(&*link, &mut [0; 5]).unwrap();
    drop(silent);
    for _ in 0..100 {
        let expected = Fault::PeerGoneBeforeHello.with(&[&server.address()]);
        assert_eq!(server.acceptor.next_refusal(), expected);
    }
}

#[test]
fn first_bytes_may_come_one_at_a_time_and_are_all_read_again() {
    let server = Server::patient();
    let mut visitor = server.visitor();
    for byte in b"first" {
        visitor.write_all(&[*byte]).unwrap();
        thread::yield_now();
    }
    let link = server.acceptor.next_link();
    visitor.write_all(b" and more").unwrap();
    drop(visitor);
    assert_eq!(read_to_end(&*link).unwrap(), b"first and more");
}

#[test]
fn more_than_the_first_bytes_may_come_at_once() {
    let server = Server::patient();
    let sent: Vec<u8> = b"first".iter().copied().chain((0..60_000).map(|n| n as u8)).collect();
    let mut visitor = server.visitor();
    visitor.write_all(&sent).unwrap();
    drop(visitor);
    assert!(read_to_end(&*server.acceptor.next_link()).unwrap() == sent);
}

#[test]
fn a_visitor_that_says_nothing_is_turned_away_with_a_farewell() {
    let hello_timeout = Duration::from_millis(100);
    let server = Server::with(UnixOptions { hello_timeout, ..UnixOptions::default() });
    let visitor = server.visitor();
    assert_eq!(told(&visitor), "farewell: PeerSilent");
    drop(visitor);
    assert_eq!(server.acceptor.next_refusal(), Fault::PeerSilent.with(&[&server.address(), &0.1]));
}

#[test]
fn a_visitor_that_stops_in_the_middle_is_turned_away_by_what_it_said() {
    // Long enough for the first words of a visitor on a busy machine.
    let hello_timeout = Duration::from_secs(3);
    let server = Server::with(UnixOptions { hello_timeout, ..UnixOptions::default() });
    let mut visitor = server.visitor();
    visitor.write_all(b"fi").unwrap();
    assert_eq!(told(&visitor), "farewell: PeerNonsense");
    drop(visitor);
    let expected = Fault::PeerNonsense.with(&[&server.address(), &"\"fi\" (66 69)"]);
    assert_eq!(server.acceptor.next_refusal(), expected);
}

#[test]
fn a_stranger_is_turned_away_at_once_and_can_read_why_whatever_it_goes_on_to_say() {
    let server = Server::patient();
    let mut visitor = server.visitor();
    visitor.write_all(b"220 mail.example").unwrap();
    let saying = visitor.try_clone().unwrap();
    let talker = thread::spawn(move || {
        // It goes on until it is hung up on.
        let mut saying = &saying;
        while saying.write_all(&[b'x'; 1000]).is_ok() {}
    });
    assert_eq!(told(&visitor), "farewell: PeerNonsense");
    talker.join().unwrap();
    let shown = "\"220 mail\" (32 32 30 20 6D 61 69 6C)";
    let expected = Fault::PeerNonsense.with(&[&server.address(), &shown]);
    assert_eq!(server.acceptor.next_refusal(), expected);
}

#[cfg(target_os = "linux")] // elsewhere no thread can be another user's
#[test]
fn a_visitor_of_another_user_is_turned_away_with_a_farewell() {
    if !rustix::process::geteuid().is_root() {
        // Only root can be somebody else; the rule itself has tests of its own.
        return;
    }
    let folder = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let path = folder.path().join("s");
    let address: Address = format!("unix:{}", path.display()).parse().unwrap();
    let acceptor = RecordingAcceptor::new(b"first");
    // The mode is everybody's, for the one user who may connect besides.
    let options = UnixOptions { allowed_users: [65_533].into(), ..UnixOptions::default() };
    let listener = UnixTransport::new().listener(&address, &Options::new().with(options)).unwrap();
    listener.start(acceptor.clone()).unwrap();
    let visit = |user: u32| {
        let path = path.clone();
        let visitor = thread::spawn(move || {
            // This thread alone, and for good.
            let user = rustix::process::Uid::from_raw(user);
            rustix::thread::set_thread_res_uid(user, user, user).unwrap();
            UnixStream::connect(path).unwrap()
        });
        visitor.join().unwrap()
    };
    let visitor = visit(65_534);
    assert_eq!(told(&visitor), "farewell: UserRefused");
    drop(visitor);
    let expected = Fault::UserRefused.with(&[&address, &std::process::id(), &65_534, &"0, 65533"]);
    assert_eq!(acceptor.next_refusal(), expected);
    let mut welcome = visit(65_533);
    welcome.write_all(b"first").unwrap();
    assert_eq!(acceptor.next_link().peer().user_id, Some(65_533));
}

#[test]
fn links_live_on_when_their_listener_is_closed() {
    let server = Server::patient();
    let mut visitor = server.visitor();
    visitor.write_all(b"first").unwrap();
    let link = server.acceptor.next_link();
    server.listener.close();
    visitor.write_all(b" and more").unwrap();
    drop(visitor);
    assert_eq!(read_to_end(&*link).unwrap(), b"first and more");
}

#[test]
fn closing_the_listener_hangs_up_on_those_who_were_not_accepted() {
    let server = Server::patient();
    let mut visitor = server.visitor();
    visitor.write_all(b"fi").unwrap();
    server.listener.close();
    let mut nothing = Vec::new();
    // The end, or a reset where the bytes were not read.
    assert!(matches!(visitor.read_to_end(&mut nothing), Ok(0) | Err(_)));
}

#[test]
fn who_is_turned_away_is_told_of_though_the_listener_closes_before_it_has_gone() {
    let server = Server::patient();
    let mut visitor = server.visitor();
    visitor.write_all(b"220 mail.example").unwrap();
    assert_eq!(told(&visitor), "farewell: PeerNonsense");
    server.listener.close();
    assert_eq!(server.acceptor.next_refusal().fault(), Fault::PeerNonsense);
}
