//! What became of a call when its link breaks: never sent, or perhaps seen.

use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use samehost_transport_api::{Descriptors, Fault, Interest, Read};

use super::*;
use crate::call::inbox::Arrivals;
use crate::wire::Hello;

/// A link over nothing: what is read and how much is taken is laid down by the test.
struct Scripted {
    peer: Peer,
    reads: Mutex<Vec<Vec<u8>>>,
    takes: Mutex<usize>,
    /// The peer takes nothing any more.
    broken: bool,
}

impl Link for Scripted {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let bytes = match self.reads.lock().unwrap().pop() {
            Some(bytes) => bytes,
            None => return Ok(Read::End),
        };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(Read::Bytes(bytes.len()))
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        if self.broken {
            return Err(Fault::LinkFailed.with(&[&"peer", &"write", &"Broken pipe (EPIPE)"]));
        }
        let mut takes = self.takes.lock().unwrap();
        let taken = bytes.len().min(*takes);
        *takes -= taken;
        Ok(taken)
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

struct NoDriver;

impl Driver for NoDriver {
    fn attend(&self, _: &Arc<Session>) {}
}

/// Opens a stream on a link that then takes so many bytes and ends; answers whether the call counts as unseen.
fn is_refused(takes: usize) -> bool {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let peer = Connection::new(Side::Connector, Settings::new("peer", hello.clone()));
    let link = Scripted {
        peer: Peer::at("here"),
        reads: Mutex::new(vec![peer.outbound().to_vec()]),
        takes: Mutex::new(usize::MAX),
        broken: false,
    };
    let settings = Settings::new("here", hello);
    let observer: Observer = Box::new(|_, _| {});
    let session =
        Session::new(Side::Connector, settings, Peer::at("here"), "".into(), Box::new(NoDriver), observer);
    session.write(&link);
    assert_eq!(session.read(&link, &mut [0; 1024]), Taken::Some);
    let cx = Context::from_waker(Waker::noop());
    let metadata = MetadataBlock::new();
    let request =
        OpenRequest { path: "/a.B/C", metadata: &metadata, deadline_nanos: None, message: None, end: true };
    let stream = session.open(request, &mut 0, &cx).expect("it opens");
    *link.takes.lock().unwrap() = takes;
    session.write(&link);
    assert_eq!(session.read(&link, &mut [0; 1024]), Taken::End);
    session.explain(&link);
    let mut arrived = Arrivals::new();
    assert_eq!(session.poll_arrivals(stream, true, &mut arrived, &cx), Poll::Ready(true));
    match arrived.pop_front() {
        Some(Arrival::Reset { refused, .. }) => refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_of_which_nothing_was_written_may_be_tried_again() {
    assert!(is_refused(0));
}

#[test]
fn a_call_of_which_one_byte_was_written_may_have_been_seen() {
    assert!(!is_refused(1));
}

#[test]
fn a_peer_that_takes_no_hello_is_heard_before_the_failure_is_told() {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    for (said, fault) in [
        (vec![], Fault::PeerGoneBeforeHello),
        (vec![b"HTTP/1.1 400 Bad Request\r\n".to_vec()], Fault::PeerHttp1),
        (vec![crate::wire::farewell(crate::wire::GoAwayCode::Refused, "not you")], Fault::PeerRefused),
    ] {
        let settings = Settings::new("peer", hello.clone());
        let session = Session::new(
            Side::Connector,
            settings,
            Peer::at("peer"),
            "".into(),
            Box::new(NoDriver),
            Box::new(|_, _| {}),
        );
        let link =
            Scripted { peer: Peer::at("peer"), reads: Mutex::new(said), takes: Mutex::new(0), broken: true };
        session.write(&link);
        assert_eq!(session.error().unwrap().fault(), fault);
    }
}
