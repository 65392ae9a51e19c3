//! The calling side, where there is no server, a dead one, or one that does not answer.

mod common;

use std::fs::File;
use std::thread;
use std::time::Duration;

use common::{LONG, Place, next_of};
use samehost_transport_api::{Fault, Interest, LinkError, Options, Transport};
use samehost_transport_fifo::{FifoOptions, FifoTransport};
use samehost_transport_posix::make_fifo;

fn failure(place: &Place) -> LinkError {
    place.connector().connect(LONG).err().unwrap()
}

/// A rendezvous at which somebody stands who does nothing.
fn idle_server(place: &Place) -> File {
    make_fifo(&place.path(), 0o600).unwrap();
    File::options().read(true).write(true).open(place.path()).unwrap()
}

#[test]
fn a_missing_fifo_is_told_with_its_address() {
    let place = Place::new();
    assert_eq!(failure(&place), Fault::ConnectNoSuchFifo.with(&[&place.address()]));
    assert!(place.names().is_empty());
}

#[test]
fn a_dead_servers_fifo_is_told_as_such_and_nothing_is_left() {
    let place = Place::new();
    make_fifo(&place.path(), 0o600).unwrap();
    assert_eq!(failure(&place), Fault::ConnectFifoUnread.with(&[&place.address()]));
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn what_is_no_fifo_is_told_and_left_alone() {
    let place = Place::new();
    std::fs::write(place.path(), "precious").unwrap();
    let expected = Fault::ConnectNotAFifo.with(&[&place.address(), &place.path().display()]);
    assert_eq!(failure(&place), expected);
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), "precious");
    std::fs::remove_file(place.path()).unwrap();
    std::os::unix::fs::symlink("elsewhere", place.path()).unwrap();
    assert_eq!(failure(&place), expected);
}

#[test]
fn a_server_that_does_not_answer_is_told_after_the_timeout_and_nothing_is_left() {
    let place = Place::new();
    let server = idle_server(&place);
    let failure = place.connector().connect(Duration::from_millis(250)).err().unwrap();
    assert_eq!(failure, Fault::ConnectTimeout.with(&[&place.address(), &0.25]));
    assert_eq!(place.names(), ["calls"]);
    // What it was told begins on a line of its own.
    let record = String::from_utf8(next_of(&server)).unwrap();
    assert!(record.starts_with("\nfifo1 .calls.") && record.ends_with(".down\n"), "{record:?}");
}

#[test]
fn a_rendezvous_that_is_full_is_waited_for_until_the_timeout() {
    let place = Place::new();
    let server = idle_server(&place);
    rustix::io::ioctl_fionbio(&server, true).unwrap();
    while rustix::io::write(&server, &[b'x'; 4096]).is_ok() {}
    let failure = place.connector().connect(Duration::from_millis(100)).err().unwrap();
    assert_eq!(failure, Fault::ConnectTimeout.with(&[&place.address(), &0.1]));
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn a_server_that_dies_while_a_client_waits_is_told_at_once() {
    let place = Place::new();
    let server = idle_server(&place);
    let connector = place.connector();
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(Duration::from_secs(3600)));
        // It has read the record, and dies.
        assert!(next_of(&server).starts_with(b"\nfifo1 "));
        drop(server);
        let failure = connecting.join().unwrap().err().unwrap();
        assert_eq!(failure, Fault::ConnectFifoUnread.with(&[&place.address()]));
    });
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn a_client_without_an_answer_tries_again_with_new_names() {
    let place = Place::new();
    let server = idle_server(&place);
    let connector = place.connector();
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(Duration::from_secs(3600)));
        let (first, second) = (next_of(&server), next_of(&server));
        assert!(first.starts_with(b"\nfifo1 ") && second.starts_with(b"\nfifo1 "));
        assert_ne!(first, second);
        connector.close();
        assert!(connecting.join().unwrap().is_err());
    });
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn an_answer_that_is_none_is_shown() {
    let place = Place::new();
    let server = idle_server(&place);
    let connector = place.connector();
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(LONG));
        let record = String::from_utf8(next_of(&server)).unwrap();
        let down = record.split_whitespace().last().unwrap();
        std::fs::write(place.folder().join(down), "who?").unwrap();
        let failure = connecting.join().unwrap().err().unwrap();
        assert_eq!(failure, Fault::PeerNonsense.with(&[&place.address(), &"\"w\" (77)"]));
    });
}

#[test]
fn closing_ends_a_connect_in_progress_and_every_later_one() {
    let place = Place::new();
    let server = idle_server(&place);
    let connector = place.connector();
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(Duration::from_secs(3600)));
        assert!(next_of(&server).starts_with(b"\nfifo1 "));
        connector.close();
        connector.close();
        let failure = connecting.join().unwrap().err().unwrap();
        assert_eq!(failure, Fault::ChannelShutdown.with(&[&place.address()]));
    });
    assert_eq!(connector.connect(LONG).err().unwrap().fault(), Fault::ChannelShutdown);
    assert_eq!(place.names(), ["calls"]);
}

#[test]
fn the_names_are_gone_as_soon_as_both_ends_are_open() {
    let place = Place::new();
    let (_listener, acceptor) = place.server();
    let near = place.connector().connect(LONG).unwrap();
    assert_eq!(place.names(), ["calls"]);
    assert_eq!(near.write(b"first"), Ok(5));
    let far = acceptor.next_link();
    assert_eq!(place.names(), ["calls"]);
    let own = Some(rustix::process::geteuid().as_raw());
    assert_eq!((near.peer().user_id, far.peer().user_id), (own, own));
}

#[test]
fn a_link_whose_peer_says_nothing_is_asleep() {
    let place = Place::new();
    let (_listener, _acceptor) = place.server();
    let near = place.connector().connect(LONG).unwrap();
    // An end that nobody has opened, or a byte that was not taken, would end this at once.
    let ready = near.wait(Interest::READ, Some(Duration::from_millis(50)));
    assert_eq!(ready, Ok(Interest::NONE));
}

#[test]
fn an_address_that_makes_no_sense_is_refused_by_both_sides() {
    let long = format!("fifo:/tmp/{}", "x".repeat(201));
    for (text, reason) in [
        ("fifo:", "it has no path"),
        ("fifo:a\0b", "it has a NUL"),
        ("fifo:/tmp/", "its path has no file name"),
        ("fifo:/tmp/..", "its path has no file name"),
        ("fifo:/tmp/a\nb", "its file name has a line break"),
        (&*long, "its file name has more than 200 bytes"),
    ] {
        let address = text.parse().unwrap();
        let expected = Fault::AddressMalformed.with(&[&text, &reason]);
        let transport = FifoTransport::new();
        assert_eq!(transport.connector(&address, &Options::new()).err().unwrap(), expected);
        assert_eq!(transport.listener(&address, &Options::new()).err().unwrap(), expected);
    }
}

#[test]
fn the_time_for_hello_is_five_seconds_or_the_options() {
    let place = Place::new();
    let hello_timeout = Duration::from_millis(7);
    let options = Options::new().with(FifoOptions { hello_timeout });
    let set = FifoTransport::new().connector(&place.address(), &options).unwrap();
    assert_eq!(set.hello_timeout(), hello_timeout);
    assert_eq!(place.connector().hello_timeout(), Duration::from_secs(5));
    assert_eq!(place.connector().noise_limit(), 0);
}
