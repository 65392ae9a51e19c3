//! One call of a client.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use bytes::Bytes;
use samehost_transport_api::{Code, Fault};

use super::meeting::Meeting;
use super::outcome::{Outcome, failed, inflated, missing, status_of, surplus};
use super::{Interrupted, Patience, outgoing};
use crate::call::client_call::{Answer, ClientCall};
use crate::call::outgoing::Outgoing;
use crate::call::session::Session;
use crate::call::timers::{Timer, Timers, weakly};
use crate::connection;
use crate::surface::Metadata;

/// One call of a client, of any kind. Dropped before it is over, it is cancelled. A message goes to one of those
/// who wait, headers and outcome to all.
pub struct Call {
    inner: Arc<Inner>,
    /// Taken back with the call.
    _timer: Option<Timer>,
}

struct Inner {
    outgoing: Arc<Outgoing>,
    deadline: Option<Instant>,
    gzip: bool,
    max_message: u32,
    state: Mutex<State>,
    meeting: Arc<Meeting>,
    outcome: OnceLock<Arc<Outcome>>,
}

struct State {
    call: ClientCall<'static>,
    headers: Option<Metadata>,
    /// A message that arrived while something else was waited for, and whether it was compressed.
    held: Option<(Bytes, bool)>,
    /// Whether the one before was.
    compressed: bool,
    /// The first message of a response that is received as one.
    single: Option<Bytes>,
    /// There is something new for others who wait.
    news: bool,
}

/// The call is over, so nothing more can be sent; its outcome says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended;

impl Call {
    pub(super) fn new(
        (call, outgoing): (ClientCall<'static>, Arc<Outgoing>),
        gzip: bool,
        max_message: u32,
    ) -> Call {
        let deadline = call.deadline();
        let inner = Arc::new(Inner {
            outgoing,
            deadline,
            gzip,
            max_message,
            state: Mutex::new(State {
                call,
                headers: None,
                held: None,
                compressed: false,
                single: None,
                news: false,
            }),
            meeting: Arc::default(),
            outcome: OnceLock::new(),
        });
        let timer = deadline.map(|time| Timers::get().at(time, weakly(&inner, |inner| inner.expire())));
        Call { inner, _timer: timer }
    }

    /// When the call gives up.
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.deadline
    }

    /// How the call ended, once it is known.
    pub fn outcome(&self) -> Option<&Arc<Outcome>> {
        self.inner.outcome.get()
    }

    /// Ready when there is a connection, and room for a message; an error when the call is over.
    pub fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), Ended>> {
        self.inner.poll(cx, |inner, state, cx| match inner.outcome.get() {
            Some(_) => Poll::Ready(Err(Ended)),
            None => state.call.poll_sendable(cx).map_err(|_| Ended),
        })
    }

    /// Waits for a connection and for room.
    ///
    /// # Errors
    /// Where the patience was told to stop.
    pub fn wait_ready(&self, mut patience: Patience<'_>) -> Result<Option<Result<(), Ended>>, Interrupted> {
        patience.wait(
            &mut (),
            |(), cx| self.poll_ready(cx),
            |(), pause| pause.at(self.inner.session().as_ref()),
        )
    }

    /// Sends a message, without waiting for room; with `last` none follows, and with the first message this is
    /// one frame.
    ///
    /// # Errors
    /// When the call is over.
    ///
    /// # Panics
    /// After the last message.
    pub fn send(&self, message: Bytes, last: bool, compress: bool) -> Result<(), Ended> {
        if self.inner.outcome.get().is_some() {
            return Err(Ended);
        }
        assert!(!self.is_half_closed(), "no message follows the last one");
        let message = outgoing(message, compress && self.inner.gzip);
        self.inner.outgoing.send(message, last).map_err(|_| Ended)
    }

    /// Sends no further message.
    pub fn half_close(&self) {
        self.inner.outgoing.half_close();
    }

    /// Whether no further message is sent.
    pub fn is_half_closed(&self) -> bool {
        self.inner.outgoing.is_half_closed()
    }

    /// Ready when the call was sent, or is over.
    pub fn poll_opened(&self, cx: &Context<'_>) -> Poll<()> {
        self.inner.poll(cx, |inner, state, cx| match inner.outcome.get() {
            Some(_) => Poll::Ready(()),
            None => state.call.poll_opened(cx),
        })
    }

    /// The response's headers; empty where the call ended without any.
    pub fn poll_headers(&self, cx: &Context<'_>) -> Poll<Metadata> {
        self.inner.poll(cx, |inner, state, cx| {
            loop {
                if let Some(headers) = &state.headers {
                    return Poll::Ready(headers.clone());
                }
                if state.held.is_some() || inner.outcome.get().is_some() {
                    return Poll::Ready(Metadata::new());
                }
                std::task::ready!(inner.advance(state, cx));
            }
        })
    }

    /// The next message, `None` when no more comes: then the outcome is known.
    pub fn poll_message(&self, cx: &Context<'_>) -> Poll<Option<Bytes>> {
        self.inner.poll(cx, |inner, state, cx| {
            loop {
                if let Some((message, compressed)) = state.held.take() {
                    state.compressed = compressed;
                    // Whoever waits for the end may look for it again.
                    state.news = true;
                    return Poll::Ready(Some(message));
                }
                if inner.outcome.get().is_some() {
                    return Poll::Ready(None);
                }
                std::task::ready!(inner.advance(state, cx));
            }
        })
    }

    /// Whether the message that was received last came compressed.
    pub fn received_compressed(&self) -> bool {
        self.inner.lock().compressed
    }

    /// How the call ended. It ends behind all messages, which are for others to receive.
    pub fn poll_outcome(&self, cx: &Context<'_>) -> Poll<Arc<Outcome>> {
        self.inner.poll(cx, |inner, state, cx| {
            loop {
                if let Some(outcome) = inner.outcome.get() {
                    return Poll::Ready(outcome.clone());
                }
                if state.held.is_some() {
                    return Poll::Pending;
                }
                std::task::ready!(inner.advance(state, cx));
            }
        })
    }

    /// Receives the one message of the response; the outcome has it.
    pub fn poll_single(&self, cx: &Context<'_>) -> Poll<Arc<Outcome>> {
        self.inner.poll(cx, |inner, state, cx| {
            loop {
                match state.held.take() {
                    Some(_) if state.single.is_some() => {
                        let status = failed(&mut state.call, &surplus());
                        state.single = None;
                        inner.end(state, status);
                    }
                    Some((message, compressed)) => {
                        (state.single, state.compressed) = (Some(message), compressed);
                    }
                    None => {}
                }
                if let Some(outcome) = inner.outcome.get() {
                    return Poll::Ready(single(state, outcome));
                }
                std::task::ready!(inner.advance(state, cx));
            }
        })
    }

    /// Waits as one of the `poll` methods polls; `None` when the time is over.
    ///
    /// # Errors
    /// Where the patience was told to stop.
    pub fn wait<T>(
        &self,
        mut patience: Patience<'_>,
        poll: impl Fn(&Call, &Context<'_>) -> Poll<T>,
    ) -> Result<Option<T>, Interrupted> {
        patience.wait(&mut (), |(), cx| poll(self, cx), |(), pause| pause.at(self.inner.session().as_ref()))
    }

    /// Completes as one of the `poll` methods does, for a [`Tender`](super::Tender): the connection is read in
    /// the background meanwhile.
    pub fn tended<T, P>(self: &Arc<Self>, poll: P) -> impl Future<Output = T> + Send + use<T, P>
    where
        P: Fn(&Call, &Context<'_>) -> Poll<T> + Send,
    {
        let call = self.clone();
        std::future::poll_fn(move |cx| {
            let polled = poll(&call, cx);
            if polled.is_pending()
                && let Some(session) = call.inner.session()
            {
                session.read_on();
            }
            polled
        })
    }

    /// Ends the call with CANCELLED; the reason is for its text. `false`: it was over.
    pub fn cancel(&self, reason: &str) -> bool {
        let mut state = self.inner.lock();
        if self.inner.outcome.get().is_some() {
            return false;
        }
        let status = state.call.cancel(reason);
        self.inner.end(&mut state, status);
        drop(state);
        self.inner.meeting.wake_by_ref();
        true
    }

    /// Ends the call with a status of the caller's own. `false`: it was over.
    pub fn fail(&self, code: Code, text: &str) -> bool {
        let mut state = self.inner.lock();
        if self.inner.outcome.get().is_some() {
            return false;
        }
        let status = connection::Status::of(code, text.to_owned());
        state.call.fail(&status);
        self.inner.end(&mut state, status);
        drop(state);
        self.inner.meeting.wake_by_ref();
        true
    }
}

/// The outcome of a response that is received as one message.
fn single(state: &mut State, outcome: &Arc<Outcome>) -> Arc<Outcome> {
    if outcome.status.code() != Code::Ok || outcome.message.is_some() {
        return outcome.clone();
    }
    let message = state.single.clone();
    let status = match message {
        Some(_) => outcome.status.clone(),
        None => missing().into(),
    };
    Arc::new(Outcome { status, headers: outcome.headers.clone(), message, compressed: state.compressed })
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.lock().call.session().cloned()
    }

    /// Polls for one of several who wait; what it finds out is told to the others.
    fn poll<T>(
        &self,
        cx: &Context<'_>,
        poll: impl FnOnce(&Inner, &mut State, &Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.meeting.join(cx);
        let waker = Waker::from(self.meeting.clone());
        let mut state = self.lock();
        let stood_in_line = state.call.stands_in_line();
        let polled = poll(self, &mut state, &Context::from_waker(&waker));
        // Whoever has found the line gone has opened the stream, or failed to, for all.
        let news = std::mem::take(&mut state.news) || stood_in_line && !state.call.stands_in_line();
        drop(state);
        if news {
            self.meeting.wake_by_ref();
        }
        polled
    }

    /// Takes in what comes next of the call, if there is something.
    fn advance(&self, state: &mut State, cx: &Context<'_>) -> Poll<()> {
        let answer = std::task::ready!(state.call.poll_answer(cx));
        state.news = true;
        match answer {
            Some(Answer::Headers(block)) => state.headers = Some(Metadata::received(block)),
            Some(Answer::Message(message)) => match (message.compressed, inflated(message, self.max_message))
            {
                (compressed, Ok(message)) => state.held = Some((message, compressed)),
                (_, Err(error)) => {
                    let status = failed(&mut state.call, &error);
                    self.end(state, status);
                }
            },
            Some(Answer::Status(status)) => self.end(state, status),
            None => self.end(state, status_of(&Fault::CallCancelled.with(&[&"it is over"]))),
        }
        Poll::Ready(())
    }

    fn end(&self, state: &mut State, status: connection::Status) {
        if status.code != Code::Ok {
            state.held = None;
        }
        let headers = state.headers.clone().unwrap_or_default();
        // It is set once, under the lock.
        let _ = self.outcome.set(Arc::new(Outcome {
            status: status.into(),
            headers,
            message: None,
            compressed: false,
        }));
    }

    fn expire(&self) {
        let mut state = self.lock();
        if self.outcome.get().is_none() {
            let status = state.call.expire();
            self.end(&mut state, status);
        }
        drop(state);
        self.meeting.wake_by_ref();
    }
}
