//! One call of a client, from its wait for a connection to its outcome.

mod ending;
mod pausing;

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::channel::{ChannelHandle, Wait};
use super::outgoing::{CallOver, Outgoing, Request};
use super::session::{Session, Taker};
use super::span::CallSpan;
use crate::connection::{Arrival, Arrivals, Content, Finish, Message, OpenError, Place, Status, StreamId};
use crate::wire::MetadataBlock;

/// So often a call that no handler has seen is tried, as PROTOCOL.md says.
const MOST_TRIES: u32 = 2;

/// How long after one look at an idle connection the next one comes: calls in a row look once.
const STALE: Duration = Duration::from_micros(500);

/// One call of a client. It opens its stream once there is a connection and a turn, tries again by
/// itself where no handler has seen it, and is cancelled when it is dropped. It is polled by a task
/// or a thread, and knows no timer: who polls it calls [`expire`](ClientCall::expire) in time.
///
/// ```text
///   WAITING --- stream opened ---> OPEN --- status, reset ---> OVER
///      ^                            |
///      +--- refused, unseen --------+
/// ```
pub(crate) struct ClientCall<'p> {
    channel: Arc<ChannelHandle>,
    request: Request<'p>,
    began: Instant,
    messages: Messages<'p>,
    stage: Stage,
    wait: Wait,
    tries: u32,
    /// What has arrived and was not asked for yet.
    arrived: Arrivals,
    committed: bool,
    /// The outcome of a call that could not be opened, before it is asked for.
    outcome: Option<Status>,
    span: CallSpan,
}

/// The messages of a request.
enum Messages<'p> {
    /// One, and it was there from the beginning: nobody else has to do with it.
    Whole(Message),
    /// The same, in memory that is lent to the call.
    Lent(&'p [u8]),
    /// Those that come one by one from whoever sends.
    Sent(Arc<Outgoing>),
}

enum Stage {
    /// For a connection, or with one for a turn to open a stream.
    Waiting(Option<(Arc<Session>, Place)>),
    Open(Arc<Session>, StreamId),
    /// All has arrived, and some of it was not asked for yet.
    Arrived(Arc<Session>),
    Over,
}

/// What a call tells its owner.
#[derive(Debug)]
pub(crate) enum Answer {
    Headers(MetadataBlock),
    Message(Message),
    /// Nothing follows.
    Status(Status),
}

impl<'p> ClientCall<'p> {
    /// A call, and where the messages of its request go.
    pub(crate) fn new(channel: Arc<ChannelHandle>, request: Request<'p>) -> (ClientCall<'p>, Arc<Outgoing>) {
        let (outgoing, span) = (Arc::new(Outgoing::default()), span(&channel, &request));
        (ClientCall::of(channel, request, Messages::Sent(outgoing.clone()), span), outgoing)
    }

    /// A call whose request is one message.
    pub(crate) fn of_one(
        channel: Arc<ChannelHandle>,
        request: Request<'p>,
        message: Message,
    ) -> ClientCall<'p> {
        let span = span(&channel, &request);
        ClientCall::of(channel, request, Messages::Whole(message), span)
    }

    /// The same, with a message that somebody lends.
    pub(crate) fn of_lent(
        channel: Arc<ChannelHandle>,
        request: Request<'p>,
        message: &'p [u8],
    ) -> ClientCall<'p> {
        let span = span(&channel, &request);
        ClientCall::of(channel, request, Messages::Lent(message), span)
    }

    /// A call whose request is the one message that `look` finds, in the span of the call. Where it finds none, also
    /// where the messages go.
    pub(crate) fn looking(
        channel: Arc<ChannelHandle>,
        request: Request<'p>,
        look: impl FnOnce() -> Option<Message>,
    ) -> (ClientCall<'p>, Option<Arc<Outgoing>>) {
        let span = span(&channel, &request);
        match span.span().in_scope(look) {
            Some(message) => (ClientCall::of(channel, request, Messages::Whole(message), span), None),
            None => {
                let outgoing = Arc::new(Outgoing::default());
                let call = ClientCall::of(channel, request, Messages::Sent(outgoing.clone()), span);
                (call, Some(outgoing))
            }
        }
    }

    fn of(
        channel: Arc<ChannelHandle>,
        request: Request<'p>,
        messages: Messages<'p>,
        span: CallSpan,
    ) -> ClientCall<'p> {
        let (began, stage) = (Instant::now(), Stage::Waiting(None));
        ClientCall {
            channel,
            request,
            began,
            messages,
            stage,
            wait: Wait::default(),
            tries: 0,
            arrived: Arrivals::default(),
            committed: false,
            outcome: None,
            span,
        }
    }

    /// What runs for the call runs in this span.
    pub(crate) fn span(&self) -> &tracing::Span {
        self.span.span()
    }

    /// When its caller made it.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.request.deadline
    }

    /// The session that the call is on, or waits for a turn on.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match &self.stage {
            Stage::Waiting(Some((session, _))) | Stage::Open(session, _) | Stage::Arrived(session) => {
                Some(session)
            }
            _ => None,
        }
    }

    /// Whether the call waits for its turn to open a stream.
    pub(crate) fn stands_in_line(&self) -> bool {
        matches!(self.stage, Stage::Waiting(Some((_, place))) if place != 0)
    }

    /// Ready when the stream is open, or never will be; the outcome then is the next answer.
    pub(crate) fn poll_opened(&mut self, cx: &Context<'_>) -> Poll<()> {
        match self.poll_open(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(status)) => {
                self.end(&status, None);
                self.outcome = Some(status);
                Poll::Ready(())
            }
        }
    }

    /// Ready when there is room for a message, by whoever has both halves of the call: a stream that
    /// has ended unseen is opened anew here.
    pub(crate) fn poll_sendable(&mut self, cx: &Context<'_>) -> Poll<Result<(), CallOver>> {
        loop {
            ready!(self.poll_opened(cx));
            let Messages::Sent(outgoing) = &self.messages else { return Poll::Ready(Err(CallOver)) };
            if let Poll::Ready(status) = outgoing.poll_failure(cx) {
                self.fail(&status);
                self.outcome = Some(status);
                return Poll::Ready(Err(CallOver));
            }
            if let Poll::Ready(ready) = outgoing.poll_ready(cx) {
                return Poll::Ready(ready);
            }
            let (session, stream) = match &self.stage {
                Stage::Open(session, stream) => (session, stream),
                Stage::Arrived(_) => return Poll::Ready(Err(CallOver)),
                Stage::Waiting(_) | Stage::Over => return Poll::Pending,
            };
            let refused = ready!(session.poll_refused(*stream, cx));
            if !(refused && self.may_try_again()) {
                return Poll::Ready(Err(CallOver));
            }
        }
    }

    /// What comes next of the call; `None` when nothing does.
    #[inline]
    pub(crate) fn poll_answer(&mut self, cx: &Context<'_>) -> Poll<Option<Answer>> {
        loop {
            if self.arrived.is_empty()
                && let Err(outcome) = ready!(self.poll_arrivals(cx))
            {
                return Poll::Ready(outcome.map(Answer::Status));
            }
            let answer = match self.arrived.pop_front() {
                Some(Arrival::Headers(headers)) => Answer::Headers(headers),
                Some(Arrival::Message(message)) => Answer::Message(message),
                Some(Arrival::End(Finish::Reset { refused: true, .. })) if self.may_try_again() => continue,
                Some(Arrival::End(Finish::Status(status) | Finish::Reset { status, .. })) => {
                    self.end(&status, None);
                    Answer::Status(status)
                }
                Some(Arrival::End(Finish::HalfClosed)) => continue,
                None => return Poll::Ready(None),
            };
            if !std::mem::replace(&mut self.committed, true)
                && let Messages::Sent(outgoing) = &self.messages
            {
                // The call has reached its handler: it is not tried again.
                outgoing.commit();
            }
            return Poll::Ready(Some(answer));
        }
    }

    /// The stream has been forgotten, as all of it was taken.
    fn has_arrived(&mut self) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Open(session, _) => Stage::Arrived(session),
            other => other,
        };
    }

    /// Waits until something has arrived; the error is that nothing does any more, with the outcome where that was not
    /// told.
    fn poll_arrivals(&mut self, cx: &Context<'_>) -> Poll<Result<(), Option<Status>>> {
        if let Messages::Sent(outgoing) = &self.messages
            && let Poll::Ready(status) = outgoing.poll_failure(cx)
        {
            self.fail(&status);
            return Poll::Ready(Err(Some(status)));
        }
        match &mut self.stage {
            Stage::Waiting(_) => {
                if let Err(status) = ready!(self.poll_open(cx)) {
                    self.end(&status, None);
                    return Poll::Ready(Err(Some(status)));
                }
                // Whoever has opened the stream is woken at its first arrival.
                Poll::Pending
            }
            Stage::Open(session, stream) => {
                if ready!(session.poll_arrivals(*stream, Taker::Owner, &mut self.arrived, cx)) {
                    self.has_arrived();
                }
                Poll::Ready(Ok(()))
            }
            Stage::Arrived(_) => Poll::Ready(Err(None)),
            Stage::Over => Poll::Ready(Err(self.outcome.take())),
        }
    }

    fn may_try_again(&mut self) -> bool {
        self.tries += 1;
        let again = self.tries < MOST_TRIES
            && match &self.messages {
                Messages::Whole(_) | Messages::Lent(_) => !self.committed,
                Messages::Sent(outgoing) => outgoing.rewind(),
            };
        if again
            && let Stage::Open(session, stream) = std::mem::replace(&mut self.stage, Stage::Waiting(None))
        {
            session.forget(stream, None);
        }
        self.arrived = Arrivals::default();
        again
    }

    fn poll_open(&mut self, cx: &Context<'_>) -> Poll<Result<(), Status>> {
        if matches!(self.stage, Stage::Waiting(_))
            && self.request.deadline.is_some_and(|deadline| deadline <= Instant::now())
        {
            return Poll::Ready(Err(self.expired()));
        }
        loop {
            let Stage::Waiting(waiting) = &mut self.stage else { return Poll::Ready(Ok(())) };
            let Some((session, place)) = waiting else {
                match self.channel.poll_session(self.request.wait_for_ready, &mut self.wait, cx) {
                    Poll::Ready(Ok(session)) => *waiting = Some((session, 0)),
                    Poll::Ready(Err(status)) => return Poll::Ready(Err(status)),
                    Poll::Pending => return Poll::Pending,
                }
                continue;
            };
            if session.is_read_by_callers() && session.is_stale(self.began, STALE) {
                // Nobody reads an idle session: whether it still lives is seen here.
                session.refresh();
            }
            let opened = match &self.messages {
                Messages::Whole(message) => {
                    session.open(self.request.opening(Some(Content::Shared(message)), true), place, cx)
                }
                Messages::Lent(bytes) => {
                    session.open(self.request.opening(Some(Content::Lent(bytes)), true), place, cx)
                }
                Messages::Sent(outgoing) => outgoing.open(session, place, &self.request, cx),
            };
            match opened {
                Ok(stream) => {
                    if let Some((session, _)) = waiting.take() {
                        self.stage = Stage::Open(session, stream);
                    }
                }
                Err(OpenError::NotNow) => return Poll::Pending,
                Err(OpenError::Over) => {
                    self.channel.discard(session);
                    *waiting = None;
                }
                Err(OpenError::Failed { code, text }) => return Poll::Ready(Err(Status::of(code, text))),
            }
        }
    }
}

fn span(channel: &ChannelHandle, request: &Request<'_>) -> CallSpan {
    CallSpan::of_client(&request.path, channel.address())
}

impl Drop for ClientCall<'_> {
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::Over) {
            self.cancel("it was dropped");
        }
    }
}
