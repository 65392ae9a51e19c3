//! What a thread that reads takes for itself.

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::wire::{FrameWriter, StatusFields};

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads what a peer says at once on a stream of this side, for one who waits there; answers what was taken, whether the
/// stream was forgotten, and how often the one who reads was woken.
fn taken(until: Until, say: impl Fn(&mut FrameWriter, StreamId)) -> (Vec<&'static str>, bool, usize) {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let peer = Connection::new(Side::Connector, Settings::new("peer", hello.clone()));
    let (reads, takes) = (Mutex::new(vec![peer.outbound().to_vec()]), Mutex::new(usize::MAX));
    let link = ByHand::link(Scripted { reads, takes, broken: false });
    let (settings, observer) = (Settings::new("here", hello), Box::new(|_: &_, _| {}));
    let session =
        Session::new(Side::Connector, settings, Peer::at("here"), "".into(), Box::new(NoDriver), observer);
    let (mut buffer, mut calls) = ([0; 1024], Vec::new());
    assert_eq!(session.read(&link, &mut buffer), Taken::Some);
    let (wakes, metadata) = (Arc::new(Wakes::default()), MetadataBlock::new());
    let waker = Waker::from(wakes.clone());
    let request =
        OpenRequest { path: "/a.B/C", metadata: &metadata, deadline_nanos: None, message: None, end: true };
    let stream = session.open(request, &mut 0, &Context::from_waker(&waker)).expect("it opens");
    let mut said = FrameWriter::default();
    say(&mut said, stream);
    link.reads.lock().unwrap().push(said.outbound().to_vec());
    let mut arrived = Arrivals::default();
    let mut own = Own::new(stream, &mut arrived, until);
    assert_eq!(session.read_calls(&link, &mut buffer, &mut calls, Some(&mut own)), Taken::Some);
    let forgotten = own.is_forgotten();
    let kinds = std::iter::from_fn(|| arrived.pop_front()).map(|arrival| match arrival {
        Arrival::Headers(_) => "headers",
        Arrival::Message(_) => "message",
        Arrival::End(_) => "end",
    });
    (kinds.collect(), forgotten, wakes.0.load(Ordering::Relaxed))
}

fn status(writer: &mut FrameWriter, stream: StreamId) {
    let trailers = &MetadataBlock::new();
    let fields =
        StatusFields { code: 0, headers: None, text: "", trailers, message: None, compressed: false };
    writer.status(stream, &fields);
}

#[test]
fn a_thread_takes_what_it_has_read_and_is_not_woken_for_it() {
    let whole = |writer: &mut FrameWriter, stream| {
        writer.status(stream, &StatusFields::of_response(&MetadataBlock::new(), b"answer"));
    };
    for until in [Until::Some, Until::All] {
        assert_eq!(taken(until, whole), (vec!["headers", "message", "end"], true, 0));
        let headers = |writer: &mut FrameWriter, stream| writer.headers(stream, &MetadataBlock::new());
        assert_eq!(taken(until, headers), (vec!["headers"], false, 0));
    }
}

#[test]
fn one_who_waits_for_the_end_lets_a_message_through_and_looks_again_where_more_was_there() {
    let surplus = |writer: &mut FrameWriter, stream| {
        writer.headers(stream, &MetadataBlock::new());
        writer.message(stream, b"one", 0, false, false);
        writer.message(stream, b"two", 0, false, false);
        status(writer, stream);
    };
    assert_eq!(taken(Until::All, surplus), (vec!["headers", "message"], false, 1));
    assert_eq!(taken(Until::Some, surplus), (vec!["headers", "message"], false, 0));
    let pieces = |writer: &mut FrameWriter, stream| {
        writer.headers(stream, &MetadataBlock::new());
        writer.message(stream, b"one", 0, false, false);
        status(writer, stream);
    };
    assert_eq!(taken(Until::All, pieces), (vec!["headers", "message", "end"], true, 0));
}
