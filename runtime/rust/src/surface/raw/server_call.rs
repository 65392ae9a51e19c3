//! One call of a server.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use bytes::Bytes;
use samehost_transport_api::{Code, Fault, Peer};

use super::meeting::Meeting;
use super::{Channel, Interrupted, Patience, outgoing};
use crate::call::server_call::{Messages, ServerCall as Handled};
use crate::call::timers::{Timer, Timers, weakly};
use crate::surface::gzip::{self, ACCEPT_ENCODING, ENCODING, GZIP};
use crate::surface::{Metadata, Status};
use crate::wire::MetadataBlock;

/// One call of a server. Dropped before it was answered, it fails with UNKNOWN.
pub struct ServerCall {
    inner: Arc<Inner>,
    metadata: Metadata,
    /// Taken back with the call.
    _timer: Option<Timer>,
}

struct Inner {
    call: Handled,
    messages: Mutex<Messages>,
    state: Mutex<State>,
    meeting: Arc<Meeting>,
    /// Whether the last message came compressed.
    compressed: AtomicBool,
}

struct State {
    stage: Stage,
    gzip: bool,
    /// Why it is over, where this side has ended it before its answer.
    failure: Option<Status>,
}

/// How far the response is.
///
/// ```text
///   NOTHING --- headers, or a message ---> HEADERS --- answer ---> ANSWERED
///      |                                      |
///      +-------------- answer ---------------> ANSWERED
///   either --- cancelled, deadline passed, connection over ---> OVER
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nothing,
    Headers,
    Answered,
    Over,
}

/// Something was sent out of order: a mistake of the caller's, which the text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder(pub &'static str);

/// The response is to be sent as this says.
#[derive(Debug)]
pub struct Answer {
    /// Code, text and trailers.
    pub status: Status,
    /// Headers, where none were sent.
    pub headers: Option<Metadata>,
    /// The last message, where there is one.
    pub message: Option<Bytes>,
    /// Whether the message may be compressed.
    pub compress: bool,
}

impl ServerCall {
    pub(super) fn new(mut call: Handled) -> ServerCall {
        let metadata = Metadata::received(std::mem::take(&mut call.metadata));
        let messages = Mutex::new(call.messages());
        let deadline = call.deadline.map(|(time, _)| time);
        let state = Mutex::new(State { stage: Stage::Nothing, gzip: false, failure: None });
        let (meeting, compressed) = (Arc::default(), AtomicBool::new(false));
        let inner = Arc::new(Inner { call, messages, state, meeting, compressed });
        let timer = deadline.map(|time| Timers::get().at(time, weakly(&inner, |inner| inner.expire())));
        ServerCall { inner, metadata, _timer: timer }
    }

    /// `/package.Service/Method`.
    pub fn path(&self) -> &str {
        &self.inner.call.path
    }

    /// What the caller sent along.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Who calls, as far as the operating system vouches for it.
    pub fn peer(&self) -> &Peer {
        self.inner.call.peer()
    }

    /// The channel to whoever calls: calls back go over the very connection by which this call has come, as long as
    /// that takes calls, also once this call is over. It is moved as that connection is, by threads or by the hub.
    ///
    /// It makes no connection: where that one has ended, or takes no more calls, a call back fails at once. To shut it
    /// down does nothing, and nor does dropping it, for the connection is the caller's.
    pub fn caller(&self) -> Channel {
        let call = &self.inner.call;
        let max_message = call.session().max_message_bytes();
        Channel { handle: call.caller(), wait_for_ready: false, max_message }
    }

    /// What carries the bytes of the caller's connection; otherwise as [`Channel::medium`](super::Channel::medium).
    pub fn medium(&self) -> Option<&str> {
        Some(&**self.inner.call.medium()).filter(|text| !text.is_empty())
    }

    /// When the caller gives up.
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.call.deadline.map(|(time, _)| time)
    }

    /// The one message of the request, where all of it came at once, uncompressed, and was not asked for; no message
    /// follows then.
    pub fn take_whole(&self) -> Option<Bytes> {
        self.inner.messages.lock().unwrap_or_else(PoisonError::into_inner).take_whole()
    }

    /// The next message; `None` when the caller sends no more, an error when the call is over.
    pub fn poll_message(&self, cx: &Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        let inner = &self.inner;
        inner.meeting.join(cx);
        let waker = Waker::from(inner.meeting.clone());
        let polled = {
            let mut messages = inner.messages.lock().unwrap_or_else(PoisonError::into_inner);
            messages.poll_next(&Context::from_waker(&waker))
        };
        let message = match std::task::ready!(polled) {
            None => return Poll::Ready(Ok(None)),
            Some(Ok(message)) => {
                inner.compressed.store(message.compressed, Ordering::Relaxed);
                if !message.compressed {
                    return Poll::Ready(Ok(Some(message.bytes)));
                }
                gzip::decompressed(&message.bytes, inner.call.session().max_message_bytes(), "server")
                    .map_err(Status::from)
            }
            Some(Err(status)) => return Poll::Ready(Err(inner.failed_with(status.into()))),
        };
        if let Err(status) = &message {
            self.fail(status.code(), status.message());
        }
        Poll::Ready(message.map(Some))
    }

    /// Whether the message that was received last came compressed.
    pub fn received_compressed(&self) -> bool {
        self.inner.compressed.load(Ordering::Relaxed)
    }

    /// Completes when the call is over; it does not keep the call.
    pub fn over(&self) -> impl Future<Output = ()> + Send + use<> {
        let inner = Arc::downgrade(&self.inner);
        std::future::poll_fn(move |cx| match inner.upgrade() {
            Some(inner) => inner.poll_over(cx),
            None => Poll::Ready(()),
        })
    }

    /// Ready when the call is over: answered, cancelled, expired, or its connection has ended.
    pub fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        self.inner.poll_over(cx)
    }

    /// Ready when there is room for a message; an error when the call is over.
    pub fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), Over>> {
        self.inner.meeting.join(cx);
        if !self.inner.is_open() {
            return Poll::Ready(Err(Over));
        }
        let waker = Waker::from(self.inner.meeting.clone());
        self.inner.call.poll_ready(&Context::from_waker(&waker)).map_err(|_| Over)
    }

    /// Waits as one of the `poll` methods polls; `None` when the time is over.
    ///
    /// # Errors
    /// Where the patience was told to stop.
    pub fn wait<T>(
        &self,
        mut patience: Patience<'_>,
        poll: impl Fn(&ServerCall, &Context<'_>) -> Poll<T>,
    ) -> Result<Option<T>, Interrupted> {
        patience.wait(&mut (), |(), cx| poll(self, cx), |(), pause| pause.at(Some(self.inner.call.session())))
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_over(&self) -> bool {
        !self.inner.is_open() || self.inner.poll_over(&Context::from_waker(Waker::noop())).is_ready()
    }

    /// Whether the call was over before it was answered.
    pub fn was_cancelled(&self) -> bool {
        self.is_over() && self.inner.lock().stage != Stage::Answered
    }

    /// Compresses the messages that follow, where the caller understands that. Does nothing once headers were sent.
    pub fn set_compression(&self, gzip: bool) {
        let gzip = gzip && self.understands_gzip();
        let mut state = self.inner.lock();
        if state.stage == Stage::Nothing {
            state.gzip = gzip;
        }
    }

    fn understands_gzip(&self) -> bool {
        let names_gzip =
            |value: &[u8]| value.split(|&byte| byte == b',').any(|name| name.trim_ascii() == GZIP.as_bytes());
        self.metadata.get(ACCEPT_ENCODING).is_some_and(names_gzip) && self.inner.call.has_feature(GZIP)
    }

    /// Sends the response's headers. `Ok(false)`: the call is over.
    ///
    /// # Errors
    /// When headers were sent.
    pub fn send_headers(&self, headers: Metadata) -> Result<bool, OutOfOrder> {
        let mut state = self.inner.lock();
        match state.stage {
            Stage::Nothing => {}
            Stage::Headers => return Err(OutOfOrder("headers are sent once, and before the first message")),
            Stage::Answered | Stage::Over => return Ok(false),
        }
        state.stage = Stage::Headers;
        let block = headers_of(headers, state.gzip);
        drop(state);
        Ok(self.inner.call.send_headers(block).is_ok())
    }

    /// Sends a message, without waiting for room; behind empty headers where none were sent. `false`: the call is over.
    pub fn send(&self, message: Bytes, compress: bool) -> bool {
        let mut state = self.inner.lock();
        let gzip = state.gzip;
        match std::mem::replace(&mut state.stage, Stage::Headers) {
            Stage::Headers => drop(state),
            Stage::Nothing => {
                let block = headers_of(Metadata::new(), gzip);
                drop(state);
                if self.inner.call.send_headers(block).is_err() {
                    return false;
                }
            }
            over => {
                state.stage = over;
                return false;
            }
        }
        self.inner.call.send_message(outgoing(message, gzip && compress)).is_ok()
    }

    /// Ends the call with a status; what was sent goes before it. `Ok(false)`: the call was over.
    ///
    /// # Errors
    /// When there are headers, and headers were sent.
    pub fn answer(&self, answer: Answer) -> Result<bool, OutOfOrder> {
        let Answer { status, headers, message, compress } = answer;
        let mut state = self.inner.lock();
        let headers = match (state.stage, headers) {
            (Stage::Answered | Stage::Over, _) => return Ok(false),
            (Stage::Headers, Some(_)) => return Err(OutOfOrder("headers are sent once")),
            (Stage::Headers, None) => None,
            (Stage::Nothing, None) if message.is_none() => None,
            (Stage::Nothing, headers) => Some(headers_of(headers.unwrap_or_default(), state.gzip)),
        };
        state.stage = Stage::Answered;
        let gzip = state.gzip && compress;
        drop(state);
        let message = message.map(|message| outgoing(message, gzip));
        let sent = self.inner.call.give_answer(headers, message, status.into());
        if !sent {
            self.inner.lock().stage = Stage::Over;
        }
        self.inner.meeting.wake_by_ref();
        Ok(sent)
    }

    /// Ends the call at once, without what was sent and has not gone out. `false`: it was over.
    pub fn fail(&self, code: Code, text: &str) -> bool {
        self.inner.end(Status::new(code, text))
    }
}

impl Drop for ServerCall {
    fn drop(&mut self) {
        if self.inner.is_open() {
            let failed = Fault::HandlerFailed.with(&[]);
            self.inner.end(failed.into());
        }
    }
}

/// The call is over: nothing more can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over;

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        matches!(self.lock().stage, Stage::Nothing | Stage::Headers)
    }

    fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        self.meeting.join(cx);
        if !self.is_open() {
            return Poll::Ready(());
        }
        let waker = Waker::from(self.meeting.clone());
        std::task::ready!(self.call.poll_over(&Context::from_waker(&waker)));
        let mut state = self.lock();
        if state.stage != Stage::Answered {
            state.stage = Stage::Over;
        }
        Poll::Ready(())
    }

    /// Why the call is over: as this side has said, or as its stream has.
    fn failed_with(&self, status: Status) -> Status {
        self.lock().failure.clone().unwrap_or(status)
    }

    fn expire(&self) {
        if let Some(status) = self.call.expired() {
            self.end(status.into());
        }
    }

    fn end(&self, status: Status) -> bool {
        let mut state = self.lock();
        if !matches!(state.stage, Stage::Nothing | Stage::Headers) {
            return false;
        }
        state.stage = Stage::Over;
        state.failure = Some(status.clone());
        drop(state);
        let ended = self.call.give_up(&status.into());
        self.meeting.wake_by_ref();
        ended
    }
}

/// Headers as they are sent; one key more names the compression.
fn headers_of(headers: Metadata, gzip: bool) -> MetadataBlock {
    let mut block = headers.0;
    if gzip {
        // The key is good.
        let _ = block.push(ENCODING, GZIP.as_bytes());
    }
    block
}
