//! The body of a request on its way from a tonic client into a call.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::Body;

use super::framing::{Framed, Splitter};
use crate::call::outgoing::Outgoing;
use crate::surface::Status;

type AnyBody = Pin<Box<dyn Body<Data = bytes::Bytes, Error = tonic::Status> + Send>>;

/// Sends the messages of a body as there is room for them: the body is polled no sooner. It ends,
/// and drops the body, when the call is over.
pub(super) struct RequestSender {
    body: AnyBody,
    outgoing: Arc<Outgoing>,
    splitter: Splitter,
    /// The message that was read last: it may turn out to be the last one.
    held: Option<Framed>,
}

impl RequestSender {
    pub(super) fn new(body: AnyBody, outgoing: Arc<Outgoing>) -> RequestSender {
        RequestSender { body, outgoing, splitter: Splitter::default(), held: None }
    }

    /// Sends what the body has; ready when the body has ended, or fails, or the call is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        loop {
            if ready!(self.outgoing.poll_ready(cx)).is_err() {
                return Poll::Ready(Ok(()));
            }
            if let Some(framed) = self.splitter.next()? {
                self.send(Some(framed), false);
                continue;
            }
            match self.body.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        self.splitter.push(data);
                    }
                }
                Poll::Ready(Some(Err(status))) => return Poll::Ready(Err(given_up(&status))),
                Poll::Ready(None) => {
                    self.splitter.end()?;
                    self.send(None, true);
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending => {
                    self.send(None, false);
                    return self.outgoing.poll_over(cx).map(Ok);
                }
            }
        }
    }

    /// Sends the message that was held back, and holds this one back.
    fn send(&mut self, next: Option<Framed>, end: bool) {
        match std::mem::replace(&mut self.held, next) {
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
