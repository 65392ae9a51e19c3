//! Taking a path, and giving it up.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use samehost_transport_api::{Address, Fault, LinkError, Listener, Options, Transport};
use samehost_transport_testkit::RecordingAcceptor;
use samehost_transport_unix::{UnixOptions, UnixTransport};

fn address(path: &Path) -> Address {
    format!("unix:{}", path.display()).parse().unwrap()
}

fn listener(path: &Path, options: UnixOptions) -> Box<dyn Listener> {
    UnixTransport::new().listener(&address(path), &Options::new().with(options)).unwrap()
}

fn start(path: &Path) -> Result<Box<dyn Listener>, LinkError> {
    let listener = listener(path, UnixOptions::default());
    listener.start(RecordingAcceptor::new(b"first"))?;
    Ok(listener)
}

fn refusal(path: &Path) -> LinkError {
    start(path).err().unwrap()
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_socket_is_the_users_own_and_goes_with_its_listener_while_the_lock_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = start(&path).unwrap();
    assert_eq!(listener.address(), address(&path).to_string());
    let metadata = std::fs::symlink_metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(names(folder.path()), ["s", "s.lock"]);
    listener.close();
    listener.close();
    assert_eq!(names(folder.path()), ["s.lock"]);
}

#[test]
fn the_socket_is_everybodys_where_others_may_connect() {
    for options in [
        UnixOptions { any_user: true, ..UnixOptions::default() },
        UnixOptions { allowed_users: [12_345].into(), ..UnixOptions::default() },
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = listener(&path, options);
        listener.start(RecordingAcceptor::new(b"first")).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
    }
}

#[test]
fn a_stale_socket_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    let stale = std::fs::metadata(&path).unwrap().ino();
    let _listener = start(&path).unwrap();
    UnixStream::connect(&path).unwrap();
    assert_ne!(std::fs::metadata(&path).unwrap().ino(), stale);
}

#[test]
fn a_live_listeners_path_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let first = start(&path).unwrap();
    let inode = std::fs::metadata(&path).unwrap().ino();
    assert_eq!(refusal(&path), Fault::ListenInUse.with(&[&address(&path)]));
    assert_eq!(first.start(RecordingAcceptor::new(b"")).unwrap_err().fault(), Fault::ListenInUse);
    assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode);
    UnixStream::connect(&path).unwrap();
    assert_eq!(names(folder.path()), ["s", "s.lock"]);
}

#[test]
fn a_live_server_that_knows_no_lock_file_is_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let server = UnixListener::bind(&path).unwrap();
    assert_eq!(refusal(&path).fault(), Fault::ListenInUse);
    server.accept().unwrap();
    let datagrams = folder.path().join("d");
    let _server = UnixDatagram::bind(&datagrams).unwrap();
    assert_eq!(refusal(&datagrams).fault(), Fault::ListenInUse);
}

#[test]
fn a_server_whose_backlog_is_full_is_alive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let server = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&server, 0).unwrap();
    // With a backlog of 0 one connection waits, and the next one finds no room.
    let _waiting = UnixStream::connect(&path).unwrap();
    assert_eq!(refusal(&path).fault(), Fault::ListenInUse);
}

#[test]
fn what_is_no_socket_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    std::fs::write(&path, "precious").unwrap();
    let expected = Fault::ListenNotASocket.with(&[&address(&path), &path.display()]);
    assert_eq!(refusal(&path), expected);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    assert_eq!(refusal(&link).fault(), Fault::ListenNotASocket);
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let path = missing.join("s");
    assert_eq!(refusal(&path), Fault::ListenNoFolder.with(&[&address(&path), &missing.display()]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_in_which_nothing_can_be_made_is_not_said_to_be_missing() {
    let failure = refusal(Path::new("/proc/samehost.sock"));
    assert_eq!(failure.fault(), Fault::ListenFailed);
    assert!(failure.to_string().contains("(ENOENT)"), "{failure}");
}

#[test]
fn closing_removes_no_socket_but_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = start(&path).unwrap();
    // Somebody who heeds no lock has taken the path.
    std::fs::remove_file(&path).unwrap();
    let _usurper = UnixListener::bind(&path).unwrap();
    drop(listener);
    UnixStream::connect(&path).unwrap();
}

#[test]
fn one_of_many_who_start_at_once_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    for _ in 0..20 {
        let together = Barrier::new(8);
        let results: Vec<_> = thread::scope(|scope| {
            let one = || {
                together.wait();
                start(&path)
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        UnixStream::connect(&path).unwrap();
        let (started, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(started.len(), 1);
        assert!(refused.into_iter().all(|one| one.err().unwrap().fault() == Fault::ListenInUse));
        drop(started);
        assert_eq!(names(folder.path()), ["s.lock"]);
    }
}

#[test]
fn a_path_is_free_again_as_soon_as_its_listener_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    for _ in 0..100 {
        let listener = start(&path).unwrap();
        listener.close();
        assert!(UnixStream::connect(&path).is_err());
    }
}

#[test]
fn the_longest_path_there_may_be_can_be_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    let room = 107 - folder.path().as_os_str().len() - "//s".len();
    let deep = folder.path().join("x".repeat(room));
    std::fs::create_dir(&deep).unwrap();
    let path = deep.join("s");
    assert_eq!(path.as_os_str().len(), 107);
    let listener = start(&path).unwrap();
    UnixStream::connect(&path).unwrap();
    drop(listener);
    assert_eq!(names(&deep), ["s.lock"]);
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_is_taken_by_one_and_free_again_when_it_is_closed() {
    let transport = UnixTransport::of_abstract_names();
    let address: Address =
        format!("unix-abstract:samehost-test-name-{}", std::process::id()).parse().unwrap();
    let options = Options::new();
    for _ in 0..20 {
        let first = transport.listener(&address, &options).unwrap();
        first.start(RecordingAcceptor::new(b"")).unwrap();
        let second = transport.listener(&address, &options).unwrap();
        let refusal = second.start(RecordingAcceptor::new(b"")).unwrap_err();
        assert_eq!(refusal, Fault::ListenInUse.with(&[&address]));
        first.close();
    }
    let connector = transport.connector(&address, &options).unwrap();
    let failure = connector.connect(std::time::Duration::from_secs(1)).err().unwrap();
    let expected = Fault::ConnectFailed.with(&[&address, &"connect", &"Connection refused (ECONNREFUSED)"]);
    assert_eq!(failure, expected);
}
