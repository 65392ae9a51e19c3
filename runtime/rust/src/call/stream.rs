//! One stream: its state and its two halves.

use super::receiving::Receiving;
use super::sending::Sending;

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

/// One stream, at either end. It is kept while it is open, and beyond while the application has not
/// requested all that came before its status.
#[derive(Debug)]
pub(super) struct Stream {
    /// Whether this side opened it.
    pub(super) opened_here: bool,
    state: StreamState,
    /// Whether response headers have arrived, on a stream that this side opened.
    pub(super) headers_arrived: bool,
    pub(super) sending: Sending,
    pub(super) receiving: Receiving,
}

impl Stream {
    /// A stream that an OPEN begins; `end`: the OPEN has END.
    pub(super) fn new(opened_here: bool, end: bool, sending: Sending, receiving: Receiving) -> Stream {
        let state = if end { StreamState::HalfClosed } else { StreamState::Open };
        Stream { opened_here, state, headers_arrived: false, sending, receiving }
    }

    pub(super) fn state(&self) -> StreamState {
        self.state
    }

    /// Whether the stream is over on the wire.
    pub(super) fn is_over(&self) -> bool {
        self.state == StreamState::Closed
    }

    /// The opener has said END.
    pub(super) fn half_close(&mut self) {
        assert_eq!(self.state, StreamState::Open, "a stream is half-closed once");
        self.state = StreamState::HalfClosed;
    }

    /// A STATUS has arrived.
    pub(super) fn close(&mut self) {
        assert_ne!(self.state, StreamState::Closed, "a stream is closed once");
        self.state = StreamState::Closed;
    }
}
