//! What became of a call when its link breaks: never sent, or perhaps seen.

mod last_words;
mod own;
mod random;
mod turns;
mod waiting;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use samehost_transport_api::{Code, Fault, Read};

use super::*;
use crate::call::by_hand::{ByHand, Script};
use crate::call::server_call::ServerCall;
use crate::connection::{Arrival, Arrivals, Content, Finish};
use crate::wire::Hello;

/// A link over nothing: what is read and how much is taken is laid down by the test.
struct Scripted {
    reads: Mutex<Vec<Vec<u8>>>,
    takes: Mutex<usize>,
    /// The peer takes nothing any more.
    broken: bool,
}

impl Script for Scripted {
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
}

struct NoDriver;

impl Driver for NoDriver {
    fn attend(&self, _: &Arc<Session>) {}
}

/// Opens a stream on a link that then takes so many bytes and ends; answers whether the call counts as unseen.
fn is_refused(takes: usize) -> bool {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let peer = Connection::new(Side::Connector, Settings::new("peer", hello.clone()));
    let link = ByHand::link(Scripted {
        reads: Mutex::new(vec![peer.outbound().to_vec()]),
        takes: Mutex::new(usize::MAX),
        broken: false,
    });
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
    let mut arrived = Arrivals::default();
    assert_eq!(session.poll_arrivals(stream, Taker::Owner, &mut arrived, &cx), Poll::Ready(true));
    match arrived.pop_front() {
        Some(Arrival::End(Finish::Reset { refused, .. })) => refused,
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
        let link = ByHand::link(Scripted { reads: Mutex::new(said), takes: Mutex::new(0), broken: true });
        session.write(&link);
        assert_eq!(session.error().unwrap().fault(), fault);
    }
}

/// A waker that keeps whether it was woken.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn whoever_watches_a_call_is_told_that_it_was_cancelled_before_whoever_reads_its_messages() {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let mut caller = Connection::new(Side::Connector, Settings::new("caller", hello.clone()));
    let mut twin = Connection::new(Side::Acceptor, Settings::new("here", hello.clone()));
    let said = |caller: &mut Connection| {
        let bytes = caller.outbound().to_vec();
        caller.sent(bytes.len());
        bytes
    };
    let greeting = said(&mut caller);
    twin.receive(&greeting);
    caller.receive(twin.outbound());
    let stream = caller.open("/a.B/C", &MetadataBlock::new(), None, None, false).expect("it opens");
    let opening = said(&mut caller);
    caller.reset(stream, Code::Cancelled, "enough");
    let link = ByHand::link(Scripted {
        reads: Mutex::new(vec![said(&mut caller), opening, greeting]),
        takes: Mutex::new(usize::MAX),
        broken: false,
    });
    let session = Session::new(
        Side::Acceptor,
        Settings::new("here", hello),
        Peer::at("caller"),
        "".into(),
        Box::new(NoDriver),
        Box::new(|_, _| {}),
    );
    let (mut calls, mut buffer) = (Vec::new(), [0; 1024]);
    for _ in 0..2 {
        assert_eq!(session.read_calls(&link, &mut buffer, &mut calls, None), Taken::Some);
    }
    let mut call = ServerCall::new(&session, calls.pop().expect("a call has come"));
    let mut messages = call.messages_of_watched();
    let bell = Arc::new(Bell::default());
    let reading = Waker::from(bell.clone());
    let reading = Context::from_waker(&reading);
    assert!(messages.poll_next(&reading).is_pending());
    assert_eq!(session.read(&link, &mut buffer), Taken::Some);
    assert!(messages.poll_next(&reading).is_pending(), "it was told first");
    bell.0.store(false, Ordering::SeqCst);
    assert!(call.poll_over(&Context::from_waker(Waker::noop())).is_ready());
    assert!(bell.0.load(Ordering::SeqCst), "it is never told");
    match messages.poll_next(&reading) {
        Poll::Ready(Some(Err(status))) => {
            assert_eq!((status.code, status.text()), (Code::Cancelled, "enough"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_is_cancelled_before_anybody_has_it_is_read_by_nobody() {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let mut caller = Connection::new(Side::Connector, Settings::new("caller", hello.clone()));
    let mut twin = Connection::new(Side::Acceptor, Settings::new("here", hello.clone()));
    let greeting = caller.outbound().to_vec();
    caller.sent(greeting.len());
    twin.receive(&greeting);
    caller.receive(twin.outbound());
    let message = Message { bytes: vec![7].into(), compressed: false };
    for cancels in [false, true] {
        let stream = caller
            .open("/a.B/C", &MetadataBlock::new(), None, Some(Content::Shared(&message)), true)
            .expect("it opens");
        if cancels {
            caller.reset(stream, Code::Cancelled, "enough");
        }
    }
    let link = ByHand::link(Scripted {
        reads: Mutex::new(vec![caller.outbound().to_vec(), greeting]),
        takes: Mutex::new(usize::MAX),
        broken: false,
    });
    let peer = Peer::at("caller");
    let (driver, observer) = (Box::new(NoDriver), Box::new(|_: &_, _| {}));
    let session =
        Session::new(Side::Acceptor, Settings::new("here", hello), peer, "".into(), driver, observer);
    let (mut calls, mut buffer) = (Vec::new(), [0; 1024]);
    for _ in 0..2 {
        assert_eq!(session.read_calls(&link, &mut buffer, &mut calls, None), Taken::Some);
    }
    let requests: Vec<_> =
        calls.into_iter().map(|call| ServerCall::new(&session, call).take_whole()).collect();
    assert_eq!(requests, [Some(message), None]);
}
