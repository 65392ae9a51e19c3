//! One call that the peer made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use samehost_transport_api::{Code, Fault, Peer};

use super::channel::ChannelHandle;
use super::session::{Incoming, Session, Taker};
use super::span::CallSpan;
use crate::connection::{Arrival, Arrivals, Finish, Message, Status, StreamError, StreamId};
use crate::wire::MetadataBlock;

/// One call that the peer made. Whoever has it answers it; dropped without an answer it fails. It
/// knows no timer: who serves it calls [`expire`](ServerCall::expire) in time.
pub(crate) struct ServerCall {
    session: Arc<Session>,
    stream: StreamId,
    pub(crate) path: Arc<str>,
    pub(crate) metadata: MetadataBlock,
    /// When the caller gives up, and how long that was from the call's arrival.
    pub(crate) deadline: Option<(Instant, Duration)>,
    /// The request, where all of it came at once and nobody has taken it.
    whole: Option<Message>,
    /// Ended by whoever ends the call first.
    span: Mutex<CallSpan>,
    /// It was answered or given up: nothing is left to be done.
    forgotten: AtomicBool,
}

impl ServerCall {
    pub(crate) fn new(session: &Arc<Session>, incoming: Incoming) -> ServerCall {
        let Incoming { stream, path, deadline_nanos, metadata, whole } = incoming;
        let deadline = deadline_nanos.and_then(|nanos| {
            let left = Duration::from_nanos(nanos);
            // A deadline beyond the clock's range is none.
            Instant::now().checked_add(left).map(|deadline| (deadline, left))
        });
        let span = CallSpan::of_server(&path, session.peer());
        let (span, forgotten) = (Mutex::new(span), AtomicBool::new(false));
        let session = session.clone();
        ServerCall { session, stream, path, metadata, deadline, whole, span, forgotten }
    }

    /// What runs for the call runs in this span.
    pub(crate) fn span(&mut self) -> tracing::Span {
        self.span.get_mut().unwrap_or_else(PoisonError::into_inner).span().clone()
    }

    fn locked_span(&self) -> MutexGuard<'_, CallSpan> {
        self.span.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn peer(&self) -> &Peer {
        self.session.peer()
    }

    pub(crate) fn medium(&self) -> &Arc<str> {
        &self.session.medium
    }

    /// The channel to whoever calls, over the connection by which this call has come.
    pub(crate) fn caller(&self) -> Arc<ChannelHandle> {
        ChannelHandle::back_to(&self.session)
    }

    /// The request, where all of it came at once; its messages have nothing then.
    pub(crate) fn take_whole(&mut self) -> Option<Message> {
        self.whole.take()
    }

    /// The messages of the request: for one reader, who has them all.
    pub(crate) fn messages(&mut self) -> Messages {
        self.messages_for(Taker::Reader)
    }

    /// As [`messages`](ServerCall::messages), for a handler that is dropped by whoever watches it as soon as
    /// [`poll_over`](ServerCall::poll_over) is ready: it does not see the reset of its call before that.
    pub(crate) fn messages_of_watched(&mut self) -> Messages {
        self.messages_for(Taker::Watched)
    }

    fn messages_for(&mut self, taker: Taker) -> Messages {
        let (session, stream) = (self.session.clone(), self.stream);
        let arrived = self.whole.take().map_or_else(Arrivals::default, Arrivals::of_request);
        Messages { session, stream, taker, arrived, ended: false }
    }

    /// Whether both sides of the connection named this feature.
    pub(crate) fn has_feature(&self, name: &str) -> bool {
        self.session.has_feature(name)
    }

    /// Ready when the call is over, most likely by the caller: nobody waits for the answer.
    pub(crate) fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        self.session.poll_over(self.stream, cx)
    }

    /// Ready when there is room for a message.
    pub(crate) fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), StreamError>> {
        self.session.poll_ready(self.stream, cx)
    }

    pub(crate) fn send_headers(&self, headers: MetadataBlock) -> Result<(), StreamError> {
        self.session.send_headers(self.stream, headers)
    }

    pub(crate) fn send_message(&self, message: Message) -> Result<(), StreamError> {
        self.session.send_message(self.stream, message, false)
    }

    /// Answers the call: `headers` where none were sent, with the last message if it was not sent.
    /// What is still to be sent of the answer is sent; nobody watches it.
    pub(crate) fn answer(
        &mut self,
        headers: Option<MetadataBlock>,
        message: Option<Message>,
        status: Status,
    ) {
        self.span.get_mut().unwrap_or_else(PoisonError::into_inner).end(&status);
        *self.forgotten.get_mut() = self.session.answer(self.stream, headers, message, status);
    }

    /// As [`give_answer`](ServerCall::give_answer), where all went well, with a message that somebody lends.
    pub(crate) fn respond(&self, headers: MetadataBlock, message: &[u8]) {
        self.locked_span().end(&Status::OK);
        let sent = self.session.respond(self.stream, headers, message);
        self.forgotten.store(sent, Ordering::Relaxed);
    }

    /// As [`answer`](ServerCall::answer), by one of several who have the call; `false`: it was over.
    pub(crate) fn give_answer(
        &self,
        headers: Option<MetadataBlock>,
        message: Option<Message>,
        status: Status,
    ) -> bool {
        self.locked_span().end(&status);
        let sent = self.session.answer(self.stream, headers, message, status);
        if sent {
            self.forgotten.store(true, Ordering::Relaxed);
        }
        sent
    }

    /// Ends the call at once, by one of several who have it; `false`: it was over.
    pub(crate) fn give_up(&self, status: &Status) -> bool {
        let over = self.session.poll_over(self.stream, &Context::from_waker(Waker::noop())).is_ready();
        self.locked_span().end(status);
        self.session.forget(self.stream, Some(status));
        self.forgotten.store(true, Ordering::Relaxed);
        !over
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The status of a call whose deadline has passed; `None` where it has none.
    pub(crate) fn expired(&self) -> Option<Status> {
        let (_, allowed) = self.deadline?;
        let elapsed = format!("{:.9}", allowed.as_secs_f64());
        let address = &self.peer().address;
        let text = Fault::DeadlineExceeded.text(&[&elapsed, address, &"waiting for the handler"]);
        Some(Status::of(Code::DeadlineExceeded, text))
    }

    /// Ends the call as its deadline has passed.
    pub(crate) fn expire(&self) {
        if let Some(status) = self.expired() {
            self.give_up(&status);
        }
    }

    /// Ends the call at once, without headers or trailers.
    pub(crate) fn reset(&self, code: Code, text: &str) {
        self.give_up(&Status::of(code, text.to_owned()));
    }

    /// As [`reset`](ServerCall::reset), where no handler has seen the call: its caller may try it again.
    pub(crate) fn refuse(&mut self, status: &Status) {
        self.span.get_mut().unwrap_or_else(PoisonError::into_inner).end(status);
        self.session.refuse(self.stream, status);
        *self.forgotten.get_mut() = true;
    }
}

impl Drop for ServerCall {
    fn drop(&mut self) {
        if *self.forgotten.get_mut() {
            return;
        }
        let status = match self.poll_over(&Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => {
                Status::of(Code::Cancelled, Fault::CallCancelled.text(&[&"nobody waits for it"]))
            }
            Poll::Pending => Status::of(Code::Unknown, Fault::HandlerFailed.text(&[])),
        };
        self.locked_span().end(&status);
        self.session.forget(self.stream, Some(&status));
    }
}

/// Answers calls that nobody serves.
pub(super) fn refuse(session: &Arc<Session>, incoming: impl IntoIterator<Item = Incoming>) {
    for call in incoming {
        let text = Fault::MethodUnknown.text(&[&call.path.trim_start_matches('/')]);
        ServerCall::new(session, call).answer(None, None, Status::of(Code::Unimplemented, text));
    }
}

/// The messages of a request, to be read by the handler or whomever it hands them to.
pub(crate) struct Messages {
    session: Arc<Session>,
    stream: StreamId,
    taker: Taker,
    /// What has arrived and was not asked for yet.
    arrived: Arrivals,
    ended: bool,
}

impl Messages {
    /// The one message of the request, if all of it came at once, uncompressed, and nobody has asked for it.
    pub(crate) fn take_whole(&mut self) -> Option<Bytes> {
        let message = self.arrived.take_request()?;
        self.ended = true;
        Some(message.bytes)
    }

    /// The next message, `None` after the last one; an error when the call is over.
    pub(crate) fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Message, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.arrived.is_empty() {
            ready!(self.session.poll_arrivals(self.stream, self.taker, &mut self.arrived, cx));
        }
        match self.arrived.pop_front() {
            Some(Arrival::Message(message)) => Poll::Ready(Some(Ok(message))),
            Some(Arrival::End(Finish::HalfClosed)) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Some(Arrival::End(Finish::Reset { status, .. })) => {
                self.ended = true;
                Poll::Ready(Some(Err(status)))
            }
            Some(Arrival::Headers(_) | Arrival::End(Finish::Status(_))) | None => {
                self.ended = true;
                let text = Fault::CallCancelled.text(&[&"the call is over"]);
                Poll::Ready(Some(Err(Status::of(Code::Cancelled, text))))
            }
        }
    }
}
