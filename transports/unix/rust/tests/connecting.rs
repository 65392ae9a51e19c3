//! The calling side, where there is no server, a dead one, or one that takes no connections.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, bind, listen};
use samehost_transport_api::{Address, Connector, Fault, LinkError, Options, Transport};
use samehost_transport_posix::stream_socket;
use samehost_transport_unix::{UnixOptions, UnixTransport};

const LONG: Duration = Duration::from_secs(60);

fn address(path: &Path) -> Address {
    format!("unix:{}", path.display()).parse().unwrap()
}

fn connector(path: &Path) -> Box<dyn Connector> {
    UnixTransport::new().connector(&address(path), &Options::new()).unwrap()
}

fn failure(path: &Path) -> LinkError {
    connector(path).connect(LONG).err().unwrap()
}

/// A server that listens and never accepts, with its backlog full.
fn full_server(path: &Path) -> (rustix::fd::OwnedFd, Vec<rustix::fd::OwnedFd>) {
    let name = SocketAddrUnix::new(path).unwrap();
    let socket = || stream_socket(AddressFamily::UNIX).unwrap();
    let server = socket();
    bind(&server, &name).unwrap();
    listen(&server, 0).unwrap();
    let mut waiting = Vec::new();
    loop {
        let client = socket();
        match rustix::net::connect(&client, &name) {
            Ok(()) => waiting.push(client),
            Err(rustix::io::Errno::AGAIN) => return (server, waiting),
            Err(errno) => panic!("{errno}"),
        }
    }
}

#[test]
fn a_missing_socket_is_told_with_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    assert_eq!(failure(&path), Fault::ConnectNoSuchFile.with(&[&address(&path)]));
}

#[test]
fn a_file_that_is_no_socket_is_told_from_a_dead_servers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    std::fs::write(&path, "precious").unwrap();
    assert_eq!(failure(&path), Fault::ConnectNotASocket.with(&[&address(&path), &path.display()]));
    std::fs::remove_file(&path).unwrap();
    let dead = folder.path().join("dead");
    drop(UnixListener::bind(&dead).unwrap());
    std::os::unix::fs::symlink(&dead, &path).unwrap();
    assert_eq!(failure(&path).fault(), Fault::ConnectRefused);
}

#[test]
fn a_dead_servers_socket_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    assert_eq!(failure(&path), Fault::ConnectRefused.with(&[&address(&path)]));
}

#[test]
fn a_folder_that_is_closed_is_told_as_a_lack_of_permission() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let _server = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o000)).unwrap();
    let inner = path.clone();
    let failure = thread::spawn(move || {
        if rustix::process::geteuid().is_root() {
            #[cfg(target_os = "linux")]
            become_nobody();
        }
        failure(&inner)
    });
    let failure = failure.join().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    assert_eq!(failure, Fault::ConnectPermission.with(&[&address(&path)]));
}

/// Root may do everything, so this thread alone, and for good, gives that up.
#[cfg(target_os = "linux")] // elsewhere no thread can
fn become_nobody() {
    let nobody = rustix::process::Uid::from_raw(65_534);
    rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
}

#[test]
fn a_file_that_is_no_socket_is_a_failure_and_not_a_hang() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    std::fs::write(&path, "").unwrap();
    assert_eq!(failure(&path).code(), samehost_transport_api::Code::Unavailable);
}

#[test]
fn a_server_that_does_not_accept_is_told_after_the_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let _server = full_server(&path);
    let failure = connector(&path).connect(Duration::from_millis(250)).err().unwrap();
    assert_eq!(failure, Fault::ConnectTimeout.with(&[&address(&path), &0.25]));
}

#[test]
fn a_connector_that_waits_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let (server, _waiting) = full_server(&path);
    let connector = connector(&path);
    let connecting = thread::spawn(move || connector.connect(LONG).map(|_| ()));
    rustix::net::accept(&server).unwrap();
    assert_eq!(connecting.join().unwrap(), Ok(()));
}

#[test]
fn closing_ends_a_connect_in_progress_and_every_later_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let _server = full_server(&path);
    let connector = connector(&path);
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(Duration::from_secs(3600)));
        connector.close();
        connector.close();
        let failure = connecting.join().unwrap().err().unwrap();
        assert_eq!(failure, Fault::ChannelShutdown.with(&[&address(&path)]));
    });
    assert_eq!(connector.connect(LONG).err().unwrap().fault(), Fault::ChannelShutdown);
}

#[test]
fn a_path_that_is_too_long_is_refused_by_both_sides_with_its_length() {
    let transport = UnixTransport::new();
    let long: Address = format!("unix:/{}", "x".repeat(107)).parse().unwrap();
    let expected = Fault::PathTooLong.with(&[&long, &108, &107]);
    assert_eq!(transport.connector(&long, &Options::new()).err().unwrap(), expected);
    assert_eq!(transport.listener(&long, &Options::new()).err().unwrap(), expected);
}

#[test]
fn an_address_without_a_path_or_with_a_nul_is_refused() {
    for (text, reason) in [("unix:", "it has no path"), ("unix:a\0b", "it has a NUL")] {
        let address: Address = text.parse().unwrap();
        let refusal = UnixTransport::new().connector(&address, &Options::new()).err().unwrap();
        assert_eq!(refusal, Fault::AddressMalformed.with(&[&text, &reason]));
    }
}

#[test]
fn the_time_for_hello_is_five_seconds_or_the_options() {
    let address: Address = "unix:x".parse().unwrap();
    let hello_timeout = Duration::from_millis(7);
    let options = Options::new().with(UnixOptions { hello_timeout, ..UnixOptions::default() });
    let transport = UnixTransport::new();
    assert_eq!(transport.connector(&address, &options).unwrap().hello_timeout(), hello_timeout);
    let usual = transport.connector(&address, &Options::new()).unwrap();
    assert_eq!(usual.hello_timeout(), Duration::from_secs(5));
    assert_eq!(usual.noise_limit(), 0);
}
