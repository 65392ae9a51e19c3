//! Watching a channel without keeping it open.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::call::channel::{ChannelCore, ChannelHandle};
use crate::call::connectivity::ConnectivityState;

/// A look at a channel's state that does not keep the channel open.
#[derive(Clone)]
pub struct StateWatch(Arc<ChannelCore>);

impl StateWatch {
    pub(super) fn of(channel: &ChannelHandle) -> StateWatch {
        StateWatch(Arc::clone(channel))
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
