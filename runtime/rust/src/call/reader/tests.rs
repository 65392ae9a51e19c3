//! How long a thread waits that reads for all.

use std::time::Duration;

use samehost_transport_api::{LinkError, Peer, Read};

use super::*;
use crate::call::by_hand::{ByHand, Script};
use crate::connection::{Connection, Settings, Side};
use crate::wire::{FrameWriter, Hello};

fn hello() -> Hello {
    Hello { min_version: 1, max_version: 1, ..Hello::default() }
}

/// What the peer says first.
fn others_hello() -> Vec<u8> {
    Connection::new(Side::Connector, Settings::new("there", hello())).outbound().to_vec()
}

/// A session that this reader is to read.
fn session(reader: &Arc<Reader>) -> Arc<Session> {
    Session::new(
        Side::Connector,
        Settings::new("here", hello()),
        Peer::at("there"),
        "".into(),
        Box::new(ThreadDriver(reader.clone())),
        Box::new(|_, _| {}),
    )
}

/// A link that has something to read whenever somebody looks, none of which is for a call; it ends after a while.
struct Chatter {
    said_hello: AtomicBool,
    hello: Vec<u8>,
    until: Instant,
}

impl Script for Chatter {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let mut writer = FrameWriter::default();
        writer.ping(&[0; 8], true);
        let bytes = match self.said_hello.swap(true, Ordering::Relaxed) {
            false => &self.hello,
            true if Instant::now() < self.until => writer.outbound(),
            true => return Ok(Read::End),
        };
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(Read::Bytes(bytes.len()))
    }
}

#[test]
fn a_thread_whose_time_is_over_waits_no_longer_though_something_comes_all_the_time() {
    let link = Arc::new(ByHand::link(Chatter {
        said_hello: AtomicBool::new(false),
        hello: others_hello(),
        until: Instant::now() + Duration::from_secs(30),
    }));
    let reader = Reader::new();
    let session = session(&reader);
    reader.start(&session, link);
    reader.wait(&session, &Parker::current(), Some(Instant::now() + Duration::from_millis(20)), &mut None);
    assert!(!session.has_ended(), "it waited until the link had ended");
}

/// A link of somebody else's, with a mistake in what it does while one thread waits: it panics once another one waits too.
struct Mistaken {
    said_hello: AtomicBool,
    hello: Vec<u8>,
    others_wait: AtomicBool,
}

impl Script for Mistaken {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        if self.said_hello.swap(true, Ordering::Relaxed) {
            return Ok(Read::Empty);
        }
        buffer[..self.hello.len()].copy_from_slice(&self.hello);
        Ok(Read::Bytes(self.hello.len()))
    }

    fn wait(&self, _: Interest) -> Result<Interest, LinkError> {
        while !self.others_wait.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("on purpose")
    }
}

#[test]
fn a_thread_that_panics_as_it_reads_for_all_leaves_nobody_waiting() {
    let link = Arc::new(ByHand::link(Mistaken {
        said_hello: AtomicBool::new(false),
        hello: others_hello(),
        others_wait: AtomicBool::new(false),
    }));
    let reader = Reader::new();
    let session = session(&reader);
    reader.start(&session, link.clone());
    let waits = |reader: Arc<Reader>, session: Arc<Session>| {
        std::thread::spawn(move || {
            let until = Instant::now() + Duration::from_secs(30);
            reader.wait(&session, &Parker::current(), Some(until), &mut None);
            Instant::now() < until
        })
    };
    let first = waits(reader.clone(), session.clone());
    while reader.is_free() {
        std::thread::yield_now();
    }
    let second = waits(reader.clone(), session.clone());
    while !reader.followed.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    link.others_wait.store(true, Ordering::SeqCst);
    assert!(first.join().is_err(), "it has panicked");
    assert!(second.join().unwrap(), "it was left alone");
    assert!(session.is_over());
}
