//! How long a thread waits that reads for all.

use std::time::Duration;

use samehost_transport_api::{Descriptors, LinkError, Peer, Read};

use super::*;
use crate::call::{Connection, Settings, Side};
use crate::wire::{FrameWriter, Hello};

/// A link that has something to read whenever somebody looks, none of which is for a call; it ends after a while.
struct Chatter {
    peer: Peer,
    said_hello: AtomicBool,
    hello: Vec<u8>,
    until: Instant,
}

impl Link for Chatter {
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

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        Ok(bytes.len())
    }

    fn wait(&self, interest: Interest, _: Option<Duration>) -> Result<Interest, LinkError> {
        Ok(interest)
    }

    fn wake(&self) {}

    fn descriptors(&self) -> Descriptors<'_> {
        unimplemented!("nobody polls it")
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}

#[test]
fn a_thread_whose_time_is_over_waits_no_longer_though_something_comes_all_the_time() {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let other = Connection::new(Side::Connector, Settings::new("there", hello.clone()));
    let link = Arc::new(Chatter {
        peer: Peer::at("there"),
        said_hello: AtomicBool::new(false),
        hello: other.outbound().to_vec(),
        until: Instant::now() + Duration::from_secs(30),
    });
    let reader = Reader::new();
    let session = Session::new(
        Side::Connector,
        Settings::new("here", hello),
        Peer::at("there"),
        "".into(),
        Box::new(ThreadDriver(reader.clone())),
        Box::new(|_, _| {}),
    );
    reader.start(&session, link);
    reader.wait(&session, &Parker::current(), Some(Instant::now() + Duration::from_millis(20)), &mut None);
    assert!(!session.has_ended(), "it waited until the link had ended");
}
