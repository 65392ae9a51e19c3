//! What a peer says that takes nothing any more.

use std::collections::VecDeque;

use super::*;
use crate::wire::{FrameWriter, GoAwayCode};

/// A link whose peer says what the test lays down, and takes everything until it takes nothing any more.
struct Breaking {
    says: Mutex<VecDeque<Vec<u8>>>,
    is_broken: AtomicBool,
}

impl Script for Breaking {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let Some(bytes) = self.says.lock().unwrap().pop_front() else { return Ok(Read::Empty) };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(Read::Bytes(bytes.len()))
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        match self.is_broken.load(Ordering::SeqCst) {
            true => Err(Fault::LinkFailed.with(&[&"peer", &"write", &"Broken pipe (EPIPE)"])),
            false => Ok(bytes.len()),
        }
    }
}

/// Opens a stream, after which the peer takes nothing any more and says this; answers what its owner finds.
fn outcome(says: &[FrameWriter]) -> Status {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let peer = Connection::new(Side::Connector, Settings::new("peer", hello.clone()));
    let link = Arc::new(ByHand::link(Breaking {
        says: Mutex::new([peer.outbound().to_vec()].into()),
        is_broken: AtomicBool::new(false),
    }));
    let (driver, observer) = (Box::new(NoDriver), Box::new(|_: &_, _| {}));
    let settings = Settings::new("here", hello);
    let session = Session::new(Side::Connector, settings, Peer::at("here"), "".into(), driver, observer);
    session.write_directly(link.clone(), false);
    let mut buffer = [0; 1024];
    assert_eq!(session.read(&*link, &mut buffer), Taken::Some);
    let metadata = MetadataBlock::new();
    let request =
        OpenRequest { path: "/a.B/C", metadata: &metadata, deadline_nanos: None, message: None, end: false };
    let cx = Context::from_waker(Waker::noop());
    let stream = session.open(request, &mut 0, &cx).expect("it opens");
    link.is_broken.store(true, Ordering::SeqCst);
    link.says.lock().unwrap().extend(says.iter().map(|frames| frames.outbound().to_vec()));
    let message = Message { bytes: vec![7].into(), compressed: false };
    session.send_message(stream, message, false).expect("it is not known yet");
    assert!(session.is_busy(), "somebody has to read");
    while session.read(&*link, &mut buffer) == Taken::Some {}
    assert!(session.has_ended());
    session.explain(&*link);
    let mut arrived = Arrivals::default();
    assert_eq!(session.poll_arrivals(stream, Taker::Owner, &mut arrived, &cx), Poll::Ready(true));
    match arrived.pop_front() {
        Some(Arrival::End(Finish::Reset { status, refused: false } | Finish::Status(status))) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_goaway_is_read_before_the_failure_of_a_write_is_told() {
    let mut goodbye = FrameWriter::default();
    goodbye.go_away(0, GoAwayCode::ProtocolError, "not like this");
    let status = outcome(&[goodbye]);
    assert_eq!(status.code, Code::Internal);
    assert!(status.text().contains("not like this"), "{}", status.text());
}

#[test]
fn a_status_counts_though_more_could_not_be_written() {
    let mut answer = FrameWriter::default();
    let trailers = &MetadataBlock::new();
    let fields = crate::wire::StatusFields {
        code: 5,
        headers: None,
        text: "none",
        trailers,
        message: None,
        compressed: false,
    };
    answer.status(1, &fields);
    assert_eq!(outcome(&[answer]).code, Code::NotFound);
}

#[test]
fn a_failure_of_a_write_is_told_where_nothing_was_said() {
    let status = outcome(&[]);
    assert_eq!(status.code, Code::Unavailable);
    assert!(status.text().contains("EPIPE"), "{}", status.text());
}

/// An open session with one stream, at which these frames and then the end of the link have arrived.
fn ended_behind(says: FrameWriter) -> (Arc<Session>, StreamId, ByHand<Scripted>) {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let peer = Connection::new(Side::Connector, Settings::new("peer", hello.clone()));
    let link = ByHand::link(Scripted {
        reads: Mutex::new(vec![says.outbound().to_vec(), peer.outbound().to_vec()]),
        takes: Mutex::new(usize::MAX),
        broken: false,
    });
    let (driver, observer) = (Box::new(NoDriver), Box::new(|_: &_, _| {}));
    let settings = Settings::new("here", hello);
    let session = Session::new(Side::Connector, settings, Peer::at("here"), "".into(), driver, observer);
    let mut buffer = [0; 1024];
    assert_eq!(session.read(&link, &mut buffer), Taken::Some);
    let metadata = MetadataBlock::new();
    let request =
        OpenRequest { path: "/a.B/C", metadata: &metadata, deadline_nanos: None, message: None, end: false };
    let stream = session.open(request, &mut 0, &Context::from_waker(Waker::noop())).expect("it opens");
    assert_eq!(session.read(&link, &mut buffer), Taken::Some);
    (session, stream, link)
}

fn answers() -> FrameWriter {
    let mut answers = FrameWriter::default();
    answers.headers(1, &MetadataBlock::new());
    answers.message(1, b"one", 0, false, false);
    answers.message(1, b"two", 0, false, false);
    answers
}

/// What comes next for the owner of a stream, in short.
fn next(session: &Arc<Session>, stream: StreamId, cx: &Context<'_>) -> Option<String> {
    let mut arrived = Arrivals::default();
    if session.poll_arrivals(stream, Taker::Owner, &mut arrived, cx).is_pending() {
        return None;
    }
    let all = std::iter::from_fn(|| arrived.pop_front()).map(|arrival| match arrival {
        Arrival::Headers(_) => "headers".to_owned(),
        Arrival::Message(message) => String::from_utf8_lossy(&message.bytes).into_owned(),
        Arrival::End(Finish::Reset { status, .. }) => status.text().to_owned(),
        Arrival::End(_) => panic!("no such end was sent"),
    });
    Some(all.collect::<Vec<_>>().join(" "))
}

/// Whether somebody was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn what_came_before_the_end_is_taken_and_then_the_end_in_the_transports_words() {
    for explained_first in [false, true] {
        let (session, stream, link) = ended_behind(answers());
        assert_eq!(session.read(&link, &mut [0; 1024]), Taken::End);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let cx = Context::from_waker(&waker);
        let explain = || {
            session.act(|state, _| {
                state.explained = Some(Fault::ChildClosed.with(&[&"here", &7, &"nothing"]));
            })
        };
        if explained_first {
            explain();
        }
        assert_eq!(next(&session, stream, &cx).as_deref(), Some("headers one"));
        if explained_first {
            let last = next(&session, stream, &cx).expect("it is there");
            assert!(last.starts_with("two here: the child"), "{last}");
            continue;
        }
        assert_eq!(next(&session, stream, &cx).as_deref(), Some("two"));
        assert_eq!(next(&session, stream, &cx), None, "nobody knows it yet");
        explain();
        assert!(woken.0.load(Ordering::SeqCst));
        let last = next(&session, stream, &cx).expect("it is there");
        assert!(last.starts_with("here: the child"), "{last}");
    }
}

#[test]
fn whoever_waits_for_room_learns_of_the_end_before_others_have_read_what_came_first() {
    let mut says = answers();
    says.reset(1, Code::Aborted as u32, "enough", false);
    let (session, stream, link) = ended_behind(FrameWriter::default());
    let message = Message { bytes: vec![7; 400_000].into(), compressed: false };
    session.send_message(stream, message, false).expect("it is open");
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let cx = Context::from_waker(&waker);
    assert!(session.poll_ready(stream, &cx).is_pending(), "it is more than the credit");
    link.reads.lock().unwrap().push(says.outbound().to_vec());
    assert_eq!(session.read(&link, &mut [0; 1024]), Taken::Some);
    assert!(woken.0.load(Ordering::SeqCst));
    assert!(matches!(session.poll_ready(stream, &cx), Poll::Ready(Err(_))));
    assert_eq!(next(&session, stream, &cx).as_deref(), Some("headers one"));
    assert_eq!(next(&session, stream, &cx).as_deref(), Some("two enough"));
}
