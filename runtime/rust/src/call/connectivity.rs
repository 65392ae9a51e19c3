//! Whether a channel has a connection.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::channel::ChannelCore;

/// Whether a channel has a connection.
///
/// ```text
///           a call, or connect()             HELLO has arrived
///   IDLE ----------------------> CONNECTING -------------------> READY
///    ^ ^                          ^      |                        |
///    | | backoff over, nobody     |      | failed                 | the server goes, or goes away
///    | | waits                    |      v                        |
///    | +------------------------- | -- TRANSIENT_FAILURE          |
///    |          backoff over, a   +------+                        |
///    |          call waits                                        |
///    +------------------------------------------------------------+
///                any state --- shut down ---> SHUTDOWN
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectivityState {
    /// There is no connection, and none is needed.
    Idle,
    /// A connection is being made.
    Connecting,
    /// Calls go out.
    Ready,
    /// The last try to connect failed; the next one comes after a while, if a call needs it.
    TransientFailure,
    /// The channel was shut down.
    Shutdown,
}

/// A look at a channel's state that does not keep the channel open.
#[derive(Clone)]
pub struct StateWatch(Arc<ChannelCore>);

impl StateWatch {
    pub(super) fn of(channel: Arc<ChannelCore>) -> StateWatch {
        StateWatch(channel)
    }

    /// Whether there is a connection.
    pub fn state(&self) -> ConnectivityState {
        self.0.connectivity()
    }

    /// Ready when the state is another one than `from`.
    pub fn poll_change(&self, from: ConnectivityState, cx: &Context<'_>) -> Poll<ConnectivityState> {
        self.0.poll_change(from, cx)
    }
}
