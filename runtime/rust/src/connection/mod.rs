//! One connection and its streams as state machines, as PROTOCOL.md describes them. Pure: bytes and actions in, bytes and
//! events out; no I/O, no clock, no threads, no locks. This layer uses the wire, and the faults of the transports'
//! interface; `call` drives it.

mod actions;
mod arrivals;
mod by_id;
mod end;
mod event;
mod ids;
mod inbox;
mod input;
mod methods;
mod outbound;
mod outbox;
mod owners;
mod queue;
mod rejection;
mod settings;
mod status;
mod stream;
mod waiters;
mod waitlist;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::wire::{FrameReader, FrameWriter, Hello, Limits, PrefaceReader};

pub(crate) use actions::{OpenError, StreamError};
pub(crate) use arrivals::{Arrival, Arrivals, Finish};
use by_id::ById;
pub(crate) use event::{Cause, Closed, Content, End, Event, Message};
pub(crate) use ids::{Side, StreamId};
pub(crate) use inbox::Inbox;
use methods::{IncomingMethods, OutgoingMethods};
use outbox::FrameBounds;
pub(crate) use rejection::MESSAGE_OPTION;
pub(crate) use settings::Settings;
pub(crate) use status::Status;
use stream::Stream;
pub(crate) use waiters::Waiters;
pub(crate) use waitlist::{Place, Waitlist, Wakes};

/// Where a connection stands.
///
/// ```text
///           link up
///              |
///              v
///       AWAIT_PREFACE --- 8 bytes match ---> AWAIT_HELLO --- HELLO, versions meet ---> OPEN
///              |                                  |                                     |
///              | mismatch, end, timeout           | malformed, no version, timeout      | GOAWAY sent
///              |                                  |                                     | or received
///              v                                  v                                     v
///            CLOSED <--------------------------------------------------------------- DRAINING
///                      last stream over, end of the link, or a connection error
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    AwaitPreface,
    AwaitHello,
    Open,
    Draining,
    Closed,
}

/// One end of a connection as PROTOCOL.md describes it: bytes in, events out; actions in, bytes out.
/// It does no I/O, knows no clock and no threads; its driver holds a lock around every call.
///
/// After `receive`, `receive_end`, `sent` and after every action the driver takes all events by
/// [`next_event`](Connection::next_event) and writes [`outbound`](Connection::outbound). A stream that it
/// [owns](Connection::own) it has until it lets it go.
///
/// An action on a stream that is over answers [`StreamError::Gone`] and does
/// nothing, for the peer may end it at any time; an action out of order (a message after the end) is
/// the caller's mistake, answers [`StreamError::Order`] and does nothing.
#[derive(Debug)]
pub(crate) struct Connection {
    side: Side,
    state: ConnectionState,
    settings: Settings,
    /// What this side takes.
    own: Limits,
    /// What the peer takes: the defaults until its HELLO has arrived.
    peer: Limits,
    peer_hello: Option<Arc<Hello>>,
    closed: Option<Closed>,
    /// What this side has said so far.
    greeting: Greeting,
    sent_go_away: bool,

    preface: PrefaceReader,
    reader: FrameReader,
    writer: FrameWriter,
    events: VecDeque<Event>,

    streams: ById<Stream>,
    /// Streams that could write and wait for their turn; each stands here once at most.
    line: VecDeque<StreamId>,
    /// The id of the next stream that this side opens, and the last one that it has opened.
    next_id: StreamId,
    last_own_id: Option<StreamId>,
    /// The last id that the peer has opened, and the last one that was accepted of it.
    last_peer_id: Option<StreamId>,
    last_accepted: StreamId,
    /// How many streams are open on the wire, that this side and that the peer opened.
    opened_here: u32,
    opened_there: u32,
    /// What `can_open` was when the application was last told.
    could_open: bool,

    outgoing_methods: OutgoingMethods,
    incoming_methods: IncomingMethods,
    /// Pings that are not answered yet.
    pings: VecDeque<[u8; 8]>,
}

/// What a side says at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Greeting {
    Nothing,
    Preface,
    Hello,
}

impl Connection {
    /// A connection at the beginning of its link. A connector has output at once.
    ///
    /// # Panics
    /// When the settings' HELLO states a limit that PROTOCOL.md does not allow, or pieces have no bytes.
    pub(crate) fn new(side: Side, settings: Settings) -> Connection {
        assert!(settings.piece_bytes > 0, "a piece of a message has bytes");
        let own = Limits::of(&settings.hello).expect("the limits of this side are allowed");
        let peer = Limits::of(&Hello::default()).expect("the defaults are allowed");
        let mut connection = Connection {
            side,
            state: ConnectionState::AwaitPreface,
            own,
            peer,
            peer_hello: None,
            closed: None,
            greeting: Greeting::Nothing,
            sent_go_away: false,
            preface: PrefaceReader::new(settings.noise_bytes),
            reader: FrameReader::default(),
            writer: FrameWriter::default(),
            events: VecDeque::new(),
            streams: ById::new(),
            line: VecDeque::new(),
            next_id: settings.first_stream.unwrap_or(ids::first_of(side)),
            last_own_id: None,
            last_peer_id: None,
            last_accepted: 0,
            opened_here: 0,
            opened_there: 0,
            could_open: false,
            outgoing_methods: OutgoingMethods::default(),
            incoming_methods: IncomingMethods::default(),
            pings: VecDeque::new(),
            settings,
        };
        if side == Side::Connector || connection.settings.hello_first {
            connection.say_hello();
        }
        connection
    }

    /// Whether there is an event.
    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next event.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Where the connection stands.
    pub(crate) fn state(&self) -> ConnectionState {
        self.state
    }

    /// How it ended; `None` while it has not. Known before the events of the end are pulled.
    pub(crate) fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Whether a stream may be opened now: the connection is open, the peer takes one more, and the
    /// outbound queue has room. When it becomes true again, [`Event::CanOpen`] follows.
    pub(crate) fn can_open(&self) -> bool {
        self.state == ConnectionState::Open
            && self.opened_here < self.peer.max_streams
            && self.has_room_for_messages()
    }

    /// Whether the stream takes a message without queueing more than it should. When it becomes
    /// true again, [`Event::Ready`] follows.
    pub(crate) fn is_ready(&self, stream: StreamId) -> bool {
        self.streams.get(stream).is_some_and(|stream| {
            !stream.is_over()
                && !stream.outbox.is_ended()
                && stream.outbox.waiting() < self.settings.ready_bytes
        })
    }

    /// How many streams are open on the wire, of both sides.
    pub(crate) fn open_streams(&self) -> usize {
        self.opened_here as usize + self.opened_there as usize
    }

    /// How many streams are kept, those among them that are over on the wire.
    #[cfg(test)]
    pub(crate) fn kept_streams(&self) -> usize {
        self.streams.len()
    }

    /// What this side takes.
    pub(crate) fn own_limits(&self) -> Limits {
        self.own
    }

    /// The peer's HELLO, when it has arrived.
    pub(crate) fn peer_hello(&self) -> Option<&Hello> {
        self.peer_hello.as_deref()
    }

    /// Whether both sides named this feature, such as `gzip`.
    pub(crate) fn has_feature(&self, name: &str) -> bool {
        let names = |hello: &Hello| hello.features.iter().any(|feature| feature == name);
        names(&self.settings.hello) && self.peer_hello().is_some_and(names)
    }

    /// What came before the peer's preface, up to `noise_bytes`: for logs and faults.
    pub(crate) fn skipped(&self) -> &[u8] {
        self.preface.skipped()
    }

    /// Messages wait in their streams, and streams wait to be opened, while so much is outbound; the
    /// rest of the queue's bound is for answers that cannot wait.
    fn has_room_for_messages(&self) -> bool {
        self.writer.len() < self.settings.outbound_bytes / 4
    }

    /// How long frames may be that this side sends.
    fn frame_bounds(&self) -> FrameBounds {
        let most = self.peer.max_frame_bytes as usize;
        FrameBounds { most, piece: most.min(self.settings.piece_bytes as usize) }
    }

    fn say_preface(&mut self) {
        if self.greeting < Greeting::Preface {
            self.writer.preface();
            self.greeting = Greeting::Preface;
        }
    }

    fn say_hello(&mut self) {
        self.say_preface();
        if self.greeting < Greeting::Hello {
            self.writer.hello(&self.settings.hello);
            self.greeting = Greeting::Hello;
        }
    }

    /// Tells when `can_open` has become true.
    #[inline]
    fn note_can_open(&mut self) {
        let can_open = self.can_open();
        if can_open && !self.could_open {
            self.events.push_back(Event::CanOpen);
        }
        self.could_open = can_open;
    }
}
