//! Accepting in a process that has no descriptors left. The only test of its process, whose limit it lowers.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use samehost_transport_api::{Address, Fault, Options, Transport};
use samehost_transport_testkit::RecordingAcceptor;
use samehost_transport_unix::UnixTransport;

/// Descriptors, until there are no more.
fn all_that_are_left() -> Vec<File> {
    let highest = File::open("/dev/null").unwrap().as_raw_fd() as u64;
    setrlimit(Resource::Nofile, Rlimit { current: Some(highest + 20), ..getrlimit(Resource::Nofile) })
        .unwrap();
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn a_server_without_descriptors_says_so_and_accepts_again_once_it_has_some() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let address: Address = format!("unix:{}", path.display()).parse().unwrap();
    let acceptor = RecordingAcceptor::new(b"first");
    let listener = UnixTransport::new().listener(&address, &Options::new()).unwrap();
    listener.start(acceptor.clone()).unwrap();
    let client: OwnedFd = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    let server = SocketAddrUnix::new(&path).unwrap();

    let mut taken = all_that_are_left();
    assert!(!taken.is_empty());
    connect(&client, &server).unwrap();
    rustix::io::write(&client, b"first").unwrap();
    let none = acceptor.next_refusal();
    assert_eq!(none.fault(), Fault::NoDescriptors);
    let text = format!(
        "{address}: accept failed: Too many open files (EMFILE). This process has as many open as it may"
    );
    assert!(none.to_string().starts_with(&text), "{none}");

    // With one left it is accepted, and there is none for the link that it shall become.
    taken.pop();
    let one = loop {
        let why = acceptor.next_refusal();
        if !why.to_string().contains("accept failed") {
            break why;
        }
    };
    assert_eq!(one.fault(), Fault::NoDescriptors);
    assert!(one.to_string().contains("(EMFILE)"), "{one}");

    drop(taken);
    let again: OwnedFd = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    connect(&again, &server).unwrap();
    rustix::io::write(&again, b"first").unwrap();
    acceptor.next_link();
    listener.close();
}
