//! The body of a request on its way from a tonic client into a call.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use http_body::Body;

use super::framing::{Framed, Splitter};
use crate::call::outgoing::Outgoing;
use crate::connection::Message;
use crate::surface::Status;

/// What a body has given so far.
pub(super) struct RequestReader {
    body: tonic::body::Body,
    splitter: Splitter,
    /// The message that was read last: it may turn out to be the last one.
    held: Option<Framed>,
    /// How the body ended, where it did: it is not polled again.
    ended: Option<Result<(), Status>>,
}

impl RequestReader {
    pub(super) fn new(body: tonic::body::Body) -> RequestReader {
        RequestReader { body, splitter: Splitter::default(), held: None, ended: None }
    }

    /// The message of a request that has one, and all of which is there at once. Of any other request what has been
    /// read is kept for whoever sends it.
    pub(super) fn whole(&mut self) -> Option<Message> {
        let mut cx = Context::from_waker(Waker::noop());
        while self.ended.is_none() && (self.held.is_none() || self.splitter.is_empty()) {
            match self.splitter.next() {
                Ok(None) if self.poll_body(&mut cx).is_pending() => return None,
                Ok(None) => {}
                Ok(next) => self.held = next,
                // Whoever sends finds it again.
                Err(_) => return None,
            }
        }
        match self.ended {
            Some(Ok(())) if self.splitter.is_empty() => self.held.take().map(Framed::into_message),
            _ => None,
        }
    }

    /// Reads on in the body, which has not ended.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.splitter.push(data);
                }
            }
            Some(Err(status)) => self.ended = Some(Err(given_up(&status))),
            None => self.ended = Some(self.splitter.end()),
        }
        Poll::Ready(())
    }
}

/// Sends the messages of a body as there is room for them: the body is polled no sooner. It ends,
/// and drops the body, when the call is over.
pub(super) struct RequestSender {
    reader: RequestReader,
    outgoing: Arc<Outgoing>,
}

impl RequestSender {
    pub(super) fn new(reader: RequestReader, outgoing: Arc<Outgoing>) -> RequestSender {
        RequestSender { reader, outgoing }
    }

    /// Sends what the body has; ready when the body has ended, or fails, or the call is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        loop {
            if ready!(self.outgoing.poll_ready(cx)).is_err() {
                return Poll::Ready(Ok(()));
            }
            if let Some(framed) = self.reader.splitter.next()? {
                self.send(Some(framed), false);
                continue;
            }
            match self.reader.ended.take() {
                Some(Ok(())) => {
                    self.send(None, true);
                    return Poll::Ready(Ok(()));
                }
                Some(Err(status)) => return Poll::Ready(Err(status)),
                None => {}
            }
            if self.reader.poll_body(cx).is_pending() {
                self.send(None, false);
                return self.outgoing.poll_over(cx).map(Ok);
            }
        }
    }

    /// Sends the message that was held back, and holds this one back.
    fn send(&mut self, next: Option<Framed>, end: bool) {
        match std::mem::replace(&mut self.reader.held, next) {
            Some(held) => {
                // A call that is over is seen at the next `poll_ready`.
                let _ = self.outgoing.send(held.into_message(), end);
            }
            None if end => self.outgoing.half_close(),
            None => {}
        }
    }

    /// Sends on as a task of its own; a body that fails fails the call.
    pub(super) async fn run(mut self) {
        if let Err(status) = std::future::poll_fn(|cx| self.poll(cx)).await {
            self.outgoing.fail(status.into());
        }
    }
}

/// The client's own stream of requests gave up, with this status.
fn given_up(status: &tonic::Status) -> Status {
    Status::new(samehost_transport_api::Code::from_number(status.code() as i32 as u32), status.message())
}
