//! Agreeing on shared memory, and not.
#![cfg(target_os = "linux")] // its bad memory is of that system's kind

mod common;

use std::io::{Read as _, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use common::{FIRST, LONG, Raw, Server, read_first};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::Errno;
use samehost_transport_api::{Fault, Link, LinkError, Options, Peer, Read, Transport};
use samehost_transport_reception::{ACK, Answer, Answered, NAK, Offer, Prepared, Upgrade, Upgraded, VERSION};
use samehost_transport_shm::{SharedMemory, ShmTransport};
use samehost_transport_testkit::{read_all, read_to_end, write_all};
use samehost_transport_unix::{UnixOptions, UnixTransport};

/// A pair of bytes each way.
fn talk(near: &dyn Link, far: &dyn Link) {
    for (from, to, said) in [(near, far, b"ab"), (far, near, b"cd")] {
        write_all(from, said).unwrap();
        let mut heard = [0; 2];
        read_all(to, &mut heard).unwrap();
        assert_eq!(&heard, said);
    }
}

fn on_the_socket_because(server: &Server, reason: &str) {
    let near = server.connect(&ShmTransport::new(), false).unwrap();
    assert_eq!(near.medium(), Fault::ShmFallback.text(&[&server.address("shm"), &reason]));
    let far = server.acceptor.next_link();
    assert_eq!(far.medium(), "");
    read_first(&*far);
    talk(&*near, &*far);
    let strict = server.connect(&ShmTransport::new(), true).err().unwrap();
    assert_eq!(strict, Fault::ShmStrict.with(&[&server.address("shm"), &reason]));
}

#[test]
fn one_address_serves_clients_of_both_schemes() {
    let unix = UnixTransport::new().with_upgrade(Arc::new(SharedMemory::default()));
    for server in [Server::shm(), Server::of(&unix)] {
        for (transport, medium) in [
            (&ShmTransport::new() as &dyn Transport, "shared memory, 65536 bytes each way"),
            (&UnixTransport::new(), ""),
        ] {
            let near = server.connect(transport, true).unwrap();
            let far = server.acceptor.next_link();
            assert_eq!((near.medium(), far.medium()), (medium.to_owned(), medium.to_owned()));
            read_first(&*far);
            talk(&*near, &*far);
        }
    }
}

#[test]
fn a_listener_without_shared_memory_says_so_and_the_socket_goes_on() {
    on_the_socket_because(&Server::of(&UnixTransport::new()), Fault::ShmNotServed.template());
}

struct Refusing;

impl Upgrade for Refusing {
    fn prepare(&self, _offer: Offer) -> Result<Box<dyn Prepared>, (&'static str, Errno)> {
        Err(("memfd_create", Errno::MFILE))
    }
}

#[test]
fn a_server_that_gets_no_memory_says_why_and_the_socket_goes_on() {
    let server = Server::of(&UnixTransport::new().with_upgrade(Arc::new(Refusing)));
    on_the_socket_because(&server, "the server's memfd_create failed: Too many open files (EMFILE)");
}

/// Gives memory that is not what was agreed on.
#[derive(Clone, Copy)]
struct Bad {
    sealed: bool,
    bytes: u64,
}

struct BadMemory(OwnedFd, UnixStream);

impl Upgrade for Bad {
    fn prepare(&self, _offer: Offer) -> Result<Box<dyn Prepared>, (&'static str, Errno)> {
        let memory = memfd_create("bad", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&memory, self.bytes).unwrap();
        if self.sealed {
            use rustix::fs::SealFlags;
            let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
            rustix::fs::fcntl_add_seals(&memory, seals).unwrap();
        }
        Ok(Box::new(BadMemory(memory, UnixStream::pair().unwrap().0)))
    }
}

impl Prepared for BadMemory {
    fn ring_bytes(&self) -> u32 {
        common::RING_BYTES as u32
    }

    fn descriptors(&self) -> [BorrowedFd<'_>; 2] {
        [self.0.as_fd(), self.1.as_fd()]
    }

    fn into_link(self: Box<Self>, _: OwnedFd, _: Peer) -> Result<Arc<dyn Upgraded>, LinkError> {
        panic!("the client takes it")
    }
}

#[test]
fn a_client_takes_no_memory_that_is_not_sealed_or_not_as_agreed() {
    let right = 4096 + 2 * common::RING_BYTES as u64;
    for (bad, why) in [
        (Bad { sealed: false, bytes: right }, "is not sealed, so that it could be cut off"),
        (Bad { sealed: true, bytes: right - 1 }, "has another size than was agreed on"),
        (Bad { sealed: true, bytes: right }, "does not begin as it must"),
    ] {
        let server = Server::of(&UnixTransport::new().with_upgrade(Arc::new(bad)));
        on_the_socket_because(&server, &Fault::ShmUnusable.text(&[&why]));
    }
}

fn answer_to(server: &Server, offer: Offer) -> Answer {
    let mut socket = UnixStream::connect(server.path()).unwrap();
    socket.write_all(&offer.encode()).unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
        if let Answered::Whole(answer, _) = Answer::decode(&bytes) {
            return answer;
        }
    }
}

#[test]
fn an_offer_of_no_version_is_refused_and_one_of_a_later_version_is_taken() {
    let server = Server::shm();
    let refused = answer_to(&server, Offer { version: 0, ring_bytes: 65_536 });
    let reason = Fault::ShmVersion.text(&[&1, &0]);
    assert_eq!(refused, Answer::Refused { version: VERSION, errno: 0, reason });
    let taken = answer_to(&server, Offer { version: 9, ring_bytes: 65_536 });
    assert_eq!(taken, Answer::Accepted { version: VERSION, ring_bytes: 65_536 });
}

#[test]
fn a_server_gives_no_larger_rings_than_its_own_option_says() {
    let answer = answer_to(&Server::shm(), Offer { version: VERSION, ring_bytes: 1 << 25 });
    assert_eq!(answer, Answer::Accepted { version: VERSION, ring_bytes: common::RING_BYTES as u32 });
}

#[test]
fn a_client_that_says_no_goes_on_over_the_socket_with_what_it_sent_along() {
    let server = Server::shm();
    let (mut socket, fds) = Raw::offer(&server);
    drop(fds);
    socket.write_all(&[&[NAK], FIRST, b"more"].concat()).unwrap();
    let far = server.acceptor.next_link();
    read_first(&*far);
    let mut more = [0; 4];
    read_all(&*far, &mut more).unwrap();
    assert_eq!(&more, b"more");
    assert_eq!(far.medium(), "");
}

#[test]
fn an_offer_may_come_byte_by_byte() {
    let server = Server::shm();
    let mut socket = UnixStream::connect(server.path()).unwrap();
    for byte in (Offer { version: VERSION, ring_bytes: 65_536 }).encode() {
        socket.write_all(&[byte]).unwrap();
    }
    let mut answer = [0; 16];
    socket.read_exact(&mut answer).unwrap();
    assert!(matches!(Answer::decode(&answer), Answered::Whole(Answer::Accepted { .. }, 16)));
}

#[test]
fn a_verdict_that_is_none_and_a_second_offer_end_the_connection() {
    let server = Server::shm();
    let (mut socket, _fds) = Raw::offer(&server);
    socket.write_all(b"?").unwrap();
    assert_eq!(server.acceptor.next_refusal().fault(), Fault::Malformed);
    let (mut socket, _fds) = Raw::offer(&server);
    let again = Offer { version: VERSION, ring_bytes: 65_536 }.encode();
    socket.write_all(&[&[NAK], &again[..]].concat()).unwrap();
    assert_eq!(server.acceptor.next_refusal().fault(), Fault::PeerNonsense);
}

#[test]
fn first_bytes_through_the_memory_are_judged_like_any_others() {
    let server = Server::shm();
    let connector = ShmTransport::new().connector(&server.address("shm"), &Options::new()).unwrap();
    let near = connector.connect(LONG).unwrap();
    write_all(&*near, b"220 mail").unwrap();
    assert_eq!(read_to_end(&*near).unwrap(), b"farewell: PeerNonsense");
    drop(near);
    let why = server.acceptor.next_refusal().to_string();
    assert!(why.contains("its first bytes are \"220 mail\""), "{why}");
    let slow = connector.connect(LONG).unwrap();
    for byte in FIRST {
        write_all(&*slow, &[*byte]).unwrap();
    }
    read_first(&*server.acceptor.next_link());
    drop(connector.connect(LONG).unwrap());
    assert_eq!(server.acceptor.next_refusal().fault(), Fault::PeerGoneBeforeHello);
}

#[test]
fn one_who_takes_the_memory_and_says_nothing_is_turned_away_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("shm:{}/s", folder.path().display()).parse().unwrap();
    // Taking it must be done by then as well.
    let hello_timeout = Duration::from_secs(2);
    let options = Options::new().with(UnixOptions { hello_timeout, ..UnixOptions::default() });
    let listener = ShmTransport::new().listener(&address, &options).unwrap();
    let acceptor = samehost_transport_testkit::RecordingAcceptor::new(FIRST);
    listener.start(acceptor.clone()).unwrap();
    let connector = ShmTransport::new().connector(&address, &options).unwrap();
    let near = connector.connect(LONG).unwrap();
    assert_eq!(read_to_end(&*near).unwrap(), b"farewell: PeerSilent");
    drop(near);
    assert_eq!(acceptor.next_refusal(), Fault::PeerSilent.with(&[&address, &2]));
}

#[test]
fn a_stranger_who_answers_something_else_is_read_by_whoever_can_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let stranger = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let address = format!("shm:{}", path.display()).parse().unwrap();
    let connector = ShmTransport::new().connector(&address, &Options::new()).unwrap();
    let answering = std::thread::spawn(move || {
        let (mut socket, _) = stranger.accept().unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
        socket
    });
    let link = connector.connect(LONG).unwrap();
    let mut begin = [0; 8];
    read_all(&*link, &mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1");
    drop(answering.join().unwrap());
}

#[test]
fn a_server_that_never_answers_is_told_after_the_timeout_and_a_close_ends_the_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let _mute = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let address = format!("shm:{}", path.display()).parse().unwrap();
    let connector = ShmTransport::new().connector(&address, &Options::new()).unwrap();
    let failure = connector.connect(Duration::from_millis(100)).err().unwrap();
    assert_eq!(failure.fault(), Fault::PeerSilent);
    std::thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(LONG).err().unwrap().fault());
        connector.close();
        assert_eq!(connecting.join().unwrap(), Fault::ChannelShutdown);
    });
}

#[test]
fn what_was_sent_right_behind_the_verdict_is_only_a_bell() {
    let server = Server::shm();
    let (mut socket, fds) = Raw::offer(&server);
    socket.write_all(&[ACK, 1, 1, 1]).unwrap();
    drop((socket, fds));
    assert_eq!(server.acceptor.next_refusal().fault(), Fault::PeerGoneBeforeHello);
    assert!(matches!(server.ends().1.read(&mut [0]), Ok(Read::Empty)));
}
