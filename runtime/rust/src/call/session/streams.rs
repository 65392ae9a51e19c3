//! What calls do with their streams on a session.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{After, Session, State};
use crate::connection::{
    Arrivals, Content, Inbox, Message, OpenError, Place, Status, StreamError, StreamId, Waiters, Wakes,
};
use crate::wire::MetadataBlock;

/// What opens a stream.
pub(crate) struct OpenRequest<'a> {
    pub(crate) path: &'a str,
    pub(crate) metadata: &'a MetadataBlock,
    pub(crate) deadline_nanos: Option<u64>,
    pub(crate) message: Option<Content<'a>>,
    pub(crate) end: bool,
}

/// Who takes what has arrived at a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// Its one owner: the stream is forgotten once its last arrival is taken.
    Owner,
    /// One beside those who answer or end it.
    Reader,
    /// As `Reader`, within what somebody else watches: that one is told first that the stream is over.
    Watched,
}

impl Session {
    /// Opens a stream and requests its first message, at which the caller is woken, or at the end of the stream. When
    /// it cannot be opened now, the caller waits at `place` for its turn, which it must take or
    /// [`pass`](Session::pass).
    pub(crate) fn open(
        self: &Arc<Self>,
        request: OpenRequest<'_>,
        place: &mut Place,
        cx: &Context<'_>,
    ) -> Result<StreamId, OpenError> {
        self.act(|state, after| {
            let open_at = state.written + state.connection.outbound().len() as u64;
            let opened = state.connection.open(
                request.path,
                request.metadata,
                request.deadline_nanos,
                request.message,
                request.end,
            );
            match &opened {
                Ok(stream) => {
                    state.openers.leave(place);
                    let waker = state.opener(cx);
                    state.connection.own_opened(*stream, Waiters::new(Some(open_at), Some(waker)));
                    state.next_opener(after);
                }
                Err(OpenError::NotNow) => state.openers.wait(place, cx.waker()),
                Err(_) => {
                    let had_turn = state.openers.was_woken(*place);
                    state.openers.leave(place);
                    if had_turn {
                        state.next_opener(after);
                    }
                }
            }
            opened
        })
    }

    /// Gives up waiting for a turn to open; if it was this one's turn, the next one gets it.
    pub(crate) fn pass(self: &Arc<Self>, place: &mut Place) {
        if *place != 0 {
            self.act(|state, after| {
                let had_turn = state.openers.was_woken(*place);
                state.openers.leave(place);
                if had_turn {
                    state.next_opener(after);
                }
            });
        }
    }

    /// Takes all that has arrived at a stream into `arrived`, which is empty and stays so when nothing more
    /// comes. Where a message may come next, it is requested. The answer is whether the stream was forgotten.
    pub(crate) fn poll_arrivals(
        self: &Arc<Self>,
        stream: StreamId,
        taker: Taker,
        arrived: &mut Arrivals,
        cx: &Context<'_>,
    ) -> Poll<bool> {
        // Who takes what is there brings nothing about, so others must not leave to it what is to be written.
        let mut state = self.lock();
        let Some((inbox, _)) = state.connection.owned(stream) else { return Poll::Ready(true) };
        if inbox.wants_request() {
            drop(state);
            // It may be let through at once, and its credit is to be written.
            self.act(|state, _| state.connection.request(stream, 1));
            state = self.lock();
        }
        let Some((inbox, waiters)) = state.connection.owned(stream) else { return Poll::Ready(true) };
        if taker == Taker::Watched && inbox.arrivals.is_reset() && !waiters.told {
            waiters.park_reader(cx);
            return Poll::Pending;
        }
        let some = inbox.arrivals.move_into(arrived);
        if !inbox.is_finished() {
            if some {
                return Poll::Ready(false);
            }
            waiters.park_reader(cx);
            return Poll::Pending;
        }
        if taker != Taker::Owner {
            return Poll::Ready(false);
        }
        let waiters = state.connection.let_go(stream);
        drop(state);
        if let Some(mut waiters) = waiters {
            let mut wakes = Wakes::new();
            waiters.wake_all(&mut wakes);
            wakes.for_each(Waker::wake);
        }
        Poll::Ready(true)
    }

    /// Ready when the stream takes a message, or never will again.
    pub(crate) fn poll_ready(&self, stream: StreamId, cx: &Context<'_>) -> Poll<Result<(), StreamError>> {
        let mut state = self.lock();
        let ready = state.connection.is_ready(stream);
        match state.connection.owned(stream) {
            None => Poll::Ready(Err(StreamError::Gone)),
            Some((inbox, _)) if inbox.is_decided() => Poll::Ready(Err(StreamError::Gone)),
            Some(_) if ready => Poll::Ready(Ok(())),
            Some((_, waiters)) => {
                waiters.park_writer(cx);
                Poll::Pending
            }
        }
    }

    /// Ready when the stream is over.
    pub(crate) fn poll_over(&self, stream: StreamId, cx: &Context<'_>) -> Poll<()> {
        self.poll_end(stream, |_| false, cx).map(drop)
    }

    /// Ready when the stream is over, or will be once what came first is read; answers whether it ended without any
    /// handler having seen the call.
    pub(crate) fn poll_refused(&self, stream: StreamId, cx: &Context<'_>) -> Poll<bool> {
        self.poll_end(stream, Inbox::is_decided, cx)
    }

    fn poll_end(&self, stream: StreamId, is_over: impl Fn(&Inbox) -> bool, cx: &Context<'_>) -> Poll<bool> {
        let mut wakes = Wakes::new();
        let over = match self.lock().connection.owned(stream) {
            None => Poll::Ready(false),
            Some((inbox, _)) if !inbox.is_finished() && is_over(inbox) => Poll::Ready(false),
            Some((inbox, waiters)) if inbox.is_finished() => {
                // Who reads what somebody else watches has waited for this.
                if !std::mem::replace(&mut waiters.told, true) {
                    waiters.wake_reader(&mut wakes);
                }
                Poll::Ready(inbox.arrivals.is_refused())
            }
            Some((_, waiters)) => {
                waiters.park_watcher(cx);
                Poll::Pending
            }
        };
        wakes.for_each(Waker::wake);
        over
    }

    pub(crate) fn send_headers(
        self: &Arc<Self>,
        stream: StreamId,
        headers: MetadataBlock,
    ) -> Result<(), StreamError> {
        self.act(|state, _| state.connection.send_headers(stream, headers))
    }

    pub(crate) fn send_message(
        self: &Arc<Self>,
        stream: StreamId,
        message: Message,
        end: bool,
    ) -> Result<(), StreamError> {
        self.act(|state, _| state.connection.send_message(stream, message, end))
    }

    pub(crate) fn half_close(self: &Arc<Self>, stream: StreamId) -> Result<(), StreamError> {
        self.act(|state, _| state.connection.half_close(stream))
    }

    /// Sends the status of a stream, and forgets it; `false`: it was over.
    pub(crate) fn answer(
        self: &Arc<Self>,
        stream: StreamId,
        headers: Option<MetadataBlock>,
        message: Option<Message>,
        status: Status,
    ) -> bool {
        self.act(|state, after| {
            let sent = state.connection.send_status(stream, headers, message, status).is_ok();
            if sent {
                state.let_go(stream, after);
            }
            sent
        })
    }

    /// As [`answer`](Session::answer), with a response that went well, and a message that somebody lends.
    pub(crate) fn respond(
        self: &Arc<Self>,
        stream: StreamId,
        headers: MetadataBlock,
        message: &[u8],
    ) -> bool {
        self.act(|state, after| {
            let let_go = state.connection.respond(stream, headers, message);
            let sent = let_go.is_ok();
            if let Ok(Some(mut waiters)) = let_go {
                waiters.wake_all(&mut after.wakes);
            }
            sent
        })
    }

    /// Ends a stream, if it is not over, and forgets it: its owner has gone, or gives up. With
    /// `None` a stream that is not over goes on to its end, but nobody is told.
    pub(crate) fn forget(self: &Arc<Self>, stream: StreamId, reset: Option<&Status>) {
        self.act(|state, after| {
            let Some((inbox, _)) = state.connection.owned(stream) else { return };
            if let (Some(status), false) = (reset, inbox.is_finished()) {
                state.connection.reset(stream, status.code, status.text());
            }
            state.let_go(stream, after);
        });
    }

    /// As [`forget`](Session::forget), of a call that no handler has seen.
    pub(crate) fn refuse(self: &Arc<Self>, stream: StreamId, status: &Status) {
        self.act(|state, after| {
            let Some((inbox, _)) = state.connection.owned(stream) else { return };
            if !inbox.is_finished() {
                state.connection.refuse(stream, status.code, status.text());
            }
            state.let_go(stream, after);
        });
    }
}

impl State {
    /// A stream has no owner any more.
    fn let_go(&mut self, stream: StreamId, after: &mut After) {
        if let Some(mut waiters) = self.connection.let_go(stream) {
            waiters.wake_all(&mut after.wakes);
        }
    }
}
