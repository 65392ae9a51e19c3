//! One stream: its state and its two halves.

use super::inbox::Inbox;
use super::outbox::{Outbox, Stage};
use super::rejection::Towards;
use super::waiters::Waiters;

/// Where a stream stands on the wire. Both ends see the same states.
///
/// ```text
///                    OPEN                     bare half-close, or END on a message
///     (none) --------------------> OPEN ---------------------------------------> HALF_CLOSED
///        |                          |                                                 |
///        | OPEN with END            | STATUS, RESET, end of the link                  | STATUS, RESET, end of the link
///        v                          v                                                 v
///   HALF_CLOSED                   CLOSED                                            CLOSED
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamState {
    Open,
    HalfClosed,
    Closed,
}

/// One stream, at either end. It is kept while it is open, and beyond while it has an owner, or something to tell that
/// was not taken.
#[derive(Debug)]
pub(super) struct Stream {
    /// Whether this side opened it.
    pub(super) opened_here: bool,
    state: StreamState,
    /// Whether response headers have arrived, on a stream that this side opened.
    pub(super) headers_arrived: bool,
    pub(super) outbox: Outbox,
    pub(super) inbox: Inbox,
    /// Who waits for what of it, while it has an owner.
    pub(super) waiters: Option<Waiters>,
}

impl Stream {
    /// A stream that an OPEN begins; `end`: the OPEN has END.
    #[inline(always)]
    pub(super) fn new(opened_here: bool, end: bool, outbox: Outbox, inbox: Inbox) -> Stream {
        let state = if end { StreamState::HalfClosed } else { StreamState::Open };
        Stream { opened_here, state, headers_arrived: false, outbox, inbox, waiters: None }
    }

    /// A stream that the peer has opened and ended before anybody looked: its owner is still to be told.
    pub(super) fn ended_by_opener() -> Stream {
        let mut stream =
            Stream::new(false, true, Outbox::new(0, Stage::Ended), Inbox::new(Towards::Server, 0));
        stream.close();
        stream.inbox.stop();
        stream
    }

    pub(super) fn state(&self) -> StreamState {
        self.state
    }

    /// Whether the stream is over on the wire.
    pub(super) fn is_over(&self) -> bool {
        self.state == StreamState::Closed
    }

    /// Whether the stream is over, and nobody has anything to do with it any more.
    pub(super) fn has_gone(&self) -> bool {
        self.is_over() && self.waiters.is_none() && self.inbox.is_empty()
    }

    /// The opener has said END.
    pub(super) fn half_close(&mut self) {
        assert_eq!(self.state, StreamState::Open, "a stream is half-closed once");
        self.state = StreamState::HalfClosed;
    }

    /// It is over on the wire.
    pub(super) fn close(&mut self) {
        assert_ne!(self.state, StreamState::Closed, "a stream is closed once");
        self.state = StreamState::Closed;
    }
}
