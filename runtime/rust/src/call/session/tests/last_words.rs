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
