//! Who is woken: to open a stream, where the peer takes no more at once; to send, where a stream had no room.

use super::*;
use crate::connection::{OpenError, Place, StreamError};

/// An open session with a peer that takes one stream at a time, and what the peer is.
fn session() -> (Arc<Session>, Connection) {
    let hello =
        Hello { min_version: 1, max_version: 1, max_streams: 1, initial_credit: 1024, ..Hello::default() };
    let mut peer = Connection::new(Side::Acceptor, Settings::new("peer", hello.clone()));
    let (driver, observer) = (Box::new(NoDriver), Box::new(|_: &_, _| {}));
    let settings = Settings::new("here", hello);
    let session = Session::new(Side::Connector, settings, Peer::at("here"), "".into(), driver, observer);
    talk(&session, &mut peer);
    (session, peer)
}

/// What either side has said is heard by the other.
fn talk(session: &Arc<Session>, peer: &mut Connection) {
    session.act(|state, _| {
        let said = state.connection.outbound().to_vec();
        state.connection.sent(said.len());
        peer.receive(&said);
        let said = peer.outbound().to_vec();
        peer.sent(said.len());
        state.connection.receive(&said);
    });
}

struct Opener {
    place: Place,
    bell: Arc<Bell>,
}

impl Opener {
    fn new() -> Opener {
        Opener { place: 0, bell: Arc::default() }
    }

    fn is_woken(&self) -> bool {
        self.bell.0.load(Ordering::SeqCst)
    }

    fn open(&mut self, session: &Arc<Session>, path: &str) -> Result<StreamId, OpenError> {
        let waker = Waker::from(self.bell.clone());
        let metadata = MetadataBlock::new();
        let request =
            OpenRequest { path, metadata: &metadata, deadline_nanos: None, message: None, end: true };
        session.open(request, &mut self.place, &Context::from_waker(&waker))
    }
}

#[test]
fn one_whose_turn_comes_and_who_can_never_open_leaves_it_to_the_next() {
    let (session, mut peer) = session();
    let stream = Opener::new().open(&session, "/a.B/C").expect("it opens");
    let (mut first, mut second) = (Opener::new(), Opener::new());
    assert_eq!(first.open(&session, "no path"), Err(OpenError::NotNow));
    assert_eq!(second.open(&session, "/a.B/C"), Err(OpenError::NotNow));
    talk(&session, &mut peer);
    peer.send_status(stream, None, None, Status::OK).expect("in order");
    talk(&session, &mut peer);
    assert!(first.is_woken() && !second.is_woken());
    assert!(matches!(first.open(&session, "no path"), Err(OpenError::Failed { .. })));
    assert!(second.is_woken(), "nobody has the turn");
    second.open(&session, "/a.B/C").expect("it opens");
}

#[test]
fn who_waits_for_room_is_told_of_the_status_though_messages_before_it_are_unread() {
    let (session, mut peer) = session();
    let metadata = MetadataBlock::new();
    let request =
        OpenRequest { path: "/a.B/C", metadata: &metadata, deadline_nanos: None, message: None, end: false };
    let stream = session.open(request, &mut 0, &Context::from_waker(Waker::noop())).expect("it opens");
    let message = |bytes: usize| Message { bytes: vec![7; bytes].into(), compressed: false };
    session.send_message(stream, message(100_000), false).expect("in order");
    talk(&session, &mut peer);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let cx = Context::from_waker(&waker);
    assert!(session.poll_ready(stream, &cx).is_pending(), "there is no credit");
    peer.send_headers(stream, MetadataBlock::new()).expect("in order");
    for _ in 0..2 {
        peer.send_message(stream, message(1), false).expect("in order");
    }
    peer.send_status(stream, None, None, Status::OK).expect("in order");
    talk(&session, &mut peer);
    assert!(bell.0.load(Ordering::SeqCst), "it waits for ever");
    assert_eq!(session.poll_ready(stream, &cx), Poll::Ready(Err(StreamError::Gone)));
    let mut arrived = Arrivals::default();
    for expected in ["headers", "message", "message", "end"] {
        if arrived.is_empty() {
            assert!(session.poll_arrivals(stream, Taker::Owner, &mut arrived, &cx).is_ready());
        }
        let found = match arrived.pop_front() {
            Some(Arrival::Headers(_)) => "headers",
            Some(Arrival::Message(_)) => "message",
            Some(Arrival::End(Finish::Status(_))) => "end",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
    }
}
