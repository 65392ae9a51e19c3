//! A call of a task's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::Sleep;

use super::block_on;
use super::medium::Medium;
use crate::call::client_call::{Answer, ClientCall};
use crate::connection::Status;

/// A call and the timer of its deadline.
pub(crate) struct TimedCall {
    call: ClientCall<'static>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl TimedCall {
    pub(crate) fn new(call: ClientCall<'static>) -> TimedCall {
        TimedCall { call, sleep: None }
    }

    /// What carries the call, where there is something to say of it.
    pub(super) fn medium(&self) -> Option<Medium> {
        self.call.session().and_then(|session| Medium::of(&session.medium))
    }

    /// What runs for the call runs in this span.
    pub(super) fn span(&self) -> &tracing::Span {
        self.call.span()
    }

    /// Ends the call here; the server is told that nobody wants its answer.
    pub(super) fn fail(&mut self, status: &Status) {
        self.call.fail(status);
    }

    /// What comes next of the call, or that its deadline has passed; `None` when nothing does.
    pub(crate) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        if let Poll::Ready(answer) = self.call.poll_answer(cx) {
            return Poll::Ready(answer);
        }
        if let Some(session) = self.call.session() {
            block_on::wait_for(session);
        }
        let Some(deadline) = self.call.deadline() else { return Poll::Pending };
        if block_on::wait_until(deadline) {
            return match Instant::now() < deadline {
                true => Poll::Pending,
                false => Poll::Ready(Some(Answer::Status(self.call.expire()))),
            };
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Some(Answer::Status(self.call.expire())))
    }
}
