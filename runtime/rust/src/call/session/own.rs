//! What a thread takes for itself of what it has read.

use std::task::{Context, Waker};

use super::{After, State};
use crate::connection::{Arrivals, StreamId};

/// What the thread that reads waits for itself. It takes what arrives at its own stream under the lock under which it
/// has read that, and need not be woken for it.
pub(crate) struct Own<'a> {
    stream: StreamId,
    arrived: &'a mut Arrivals,
    until: Until,
    forgotten: bool,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Whatever comes next.
    Some,
    /// The end of the stream, before which there is one message at most.
    All,
}

impl<'a> Own<'a> {
    /// `arrived` is empty, and so is what has arrived at the stream.
    pub(crate) fn new(stream: StreamId, arrived: &'a mut Arrivals, until: Until) -> Own<'a> {
        Own { stream, arrived, until, forgotten: false }
    }

    pub(super) fn stream(&self) -> StreamId {
        self.stream
    }

    /// Whether what was waited for has come.
    pub(crate) fn is_there(&self) -> bool {
        self.forgotten
            || match self.until {
                Until::Some => !self.arrived.is_empty(),
                Until::All => self.arrived.has_several_messages(),
            }
    }

    /// Whether all of the stream was taken, and it was forgotten.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.forgotten
    }
}

impl State {
    /// The waker of one who opens a stream.
    pub(super) fn opener(&mut self, cx: &Context<'_>) -> Waker {
        let spare = self.spare.take().filter(|spare| spare.will_wake(cx.waker()));
        spare.unwrap_or_else(|| cx.waker().clone())
    }

    /// Takes what has arrived at the stream of whoever reads, and forgets a stream that is over.
    pub(super) fn take_own(&mut self, own: &mut Own<'_>, after: &mut After) {
        let Some((inbox, _)) = self.connection.owned(own.stream) else { return };
        inbox.arrivals.move_behind(own.arrived);
        if inbox.is_finished() {
            own.forgotten = true;
            if let Some(mut waiters) = self.connection.let_go(own.stream) {
                self.spare = waiters.take_reader();
                waiters.wake_all(&mut after.wakes);
            }
        } else if own.until == Until::All && inbox.wants_request() {
            // What that brings about at once is for the next look.
            after.own = None;
            self.connection.request(own.stream, 1);
        }
    }
}
