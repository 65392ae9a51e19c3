//! The response of a service, on its way from HTTP's body into the call.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use samehost_transport_api::{Code, Fault};

use super::framing::{Framed, Splitter};
use super::metadata::{take_status, to_block};
use super::service::HttpResponse;
use crate::call::server_call::ServerCall;
use crate::connection::{self, Message};
use crate::surface::Status;
use crate::wire::MetadataBlock;

/// How a call ends.
pub(super) enum Outcome {
    /// With this status, after headers or without any.
    Status(connection::Status),
    /// With the whole response in one piece.
    Whole(MetadataBlock, Option<Message>, connection::Status),
    /// At once, as its response broke off.
    Reset(connection::Status),
    /// At once, as no handler has seen it.
    Refused(connection::Status),
    /// At its deadline.
    Expired,
    /// It is over already.
    Over,
}

/// What was read of a response, and what of that was not sent yet.
pub(super) struct Reply {
    /// `None` once they were sent.
    headers: Option<MetadataBlock>,
    body: tonic::body::Body,
    splitter: Splitter,
    /// The message that was read last: it may turn out to be the last one.
    held: Option<Framed>,
}

impl Reply {
    /// A response that is not a status alone.
    pub(super) fn of(response: HttpResponse) -> Result<Reply, Status> {
        let (head, body) = response.into_parts();
        let headers = Some(to_block(head.headers)?);
        Ok(Reply { headers, body, splitter: Splitter::default(), held: None })
    }

    /// The outcome of a response that is a status alone.
    pub(super) fn status(response: HttpResponse, path: &str) -> Outcome {
        Outcome::Status(match take_status(response.into_parts().0.headers) {
            Ok(Some(status)) if status.code == Code::Unimplemented && status.text().is_empty() => {
                unimplemented(path).with_trailers(status.into_trailers())
            }
            Ok(Some(status)) => status,
            Ok(None) => handler_failed(),
            Err(status) => status.into(),
        })
    }

    /// The outcome of a response of one message at most, all of which is there at once. Of any other one what has been
    /// read is kept for [`send`](Reply::send).
    pub(super) fn whole(&mut self) -> Option<Outcome> {
        let mut cx = Context::from_waker(Waker::noop());
        while self.held.is_none() || self.splitter.is_empty() {
            match self.splitter.next() {
                Ok(None) => match Pin::new(&mut self.body).poll_frame(&mut cx) {
                    Poll::Pending => return None,
                    Poll::Ready(frame) => match read(frame) {
                        Ok(data) => self.splitter.push(data),
                        Err(status) => return Some(self.ended(None, status)),
                    },
                },
                Ok(next) => self.held = next,
                // Whoever sends finds it again.
                Err(_) => return None,
            }
        }
        None
    }

    /// Sends the response but for its end. Where what is left is one message at most, it goes out with that.
    pub(super) async fn send(&mut self, call: &ServerCall) -> Outcome {
        loop {
            let next = match self.splitter.next() {
                Ok(next) => next,
                Err(status) => return Outcome::Reset(status.into()),
            };
            if let Some(next) = next {
                if let Some(last) = self.held.replace(next) {
                    self.send_one(call, last);
                    if ready(call).await.is_err() {
                        return Outcome::Over;
                    }
                }
                continue;
            }
            // While the body has nothing more to say, what it has said goes out.
            let frame = std::future::poll_fn(|cx| {
                let poll = Pin::new(&mut self.body).poll_frame(cx);
                if poll.is_pending() {
                    if let Some(last) = self.held.take() {
                        self.send_one(call, last);
                    } else if let Some(headers) = self.headers.take() {
                        // A call that is over is noticed by whoever watches it.
                        let _ = call.send_headers(headers);
                    }
                }
                poll
            })
            .await;
            match read(frame) {
                Ok(data) => self.splitter.push(data),
                Err(status) => return self.ended(Some(call), status),
            }
            if ready(call).await.is_err() {
                return Outcome::Over;
            }
        }
    }

    /// The outcome where the body has ended, with this status.
    fn ended(
        &mut self,
        call: Option<&ServerCall>,
        status: Result<Option<connection::Status>, Status>,
    ) -> Outcome {
        let status = match self.splitter.end().and(status) {
            Ok(Some(status)) => status,
            Ok(None) => handler_failed(),
            Err(status) => status.into(),
        };
        let message = self.held.take().map(Framed::into_message);
        match (self.headers.take(), call) {
            (Some(headers), _) => Outcome::Whole(headers, message, status),
            (None, call) => {
                if let (Some(message), Some(call)) = (message, call) {
                    let _ = call.send_message(message);
                }
                Outcome::Status(status)
            }
        }
    }

    fn send_one(&mut self, call: &ServerCall, framed: Framed) {
        // A call that is over is noticed by whoever watches it.
        if let Some(headers) = self.headers.take() {
            let _ = call.send_headers(headers);
        }
        let _ = call.send_message(framed.into_message());
    }
}

/// The data of a frame of a body, or how that has ended.
fn read(
    frame: Option<Result<Frame<Bytes>, tonic::Status>>,
) -> Result<Bytes, Result<Option<connection::Status>, Status>> {
    match frame {
        Some(Ok(frame)) => {
            frame.into_data().map_err(|frame| take_status(frame.into_trailers().unwrap_or_default()))
        }
        Some(Err(status)) => Err(Ok(Some(status_of(&status)))),
        None => Err(Ok(None)),
    }
}

async fn ready(call: &ServerCall) -> Result<(), crate::connection::StreamError> {
    std::future::poll_fn(|cx| call.poll_ready(cx)).await
}

/// The source of a status by which a service says that no handler has seen the call: its caller may try it again.
#[derive(Debug)]
pub(crate) struct Unseen;

impl std::fmt::Display for Unseen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no handler has seen the call")
    }
}

impl std::error::Error for Unseen {}

pub(super) fn is_unseen(status: &tonic::Status) -> bool {
    std::error::Error::source(status).is_some_and(|source| source.is::<Unseen>())
}

pub(super) fn status_of(status: &tonic::Status) -> connection::Status {
    let code = Code::from_number(status.code() as i32 as u32);
    let mut headers = http::HeaderMap::new();
    match status.add_header(&mut headers) {
        Ok(()) => match take_status(headers) {
            Ok(Some(status)) => status,
            Ok(None) => connection::Status::of(code, status.message().to_owned()),
            Err(invalid) => invalid.into(),
        },
        Err(_) => connection::Status::of(code, status.message().to_owned()),
    }
}

pub(super) fn unimplemented(path: &str) -> connection::Status {
    Status::from(Fault::MethodUnknown.with(&[&path.trim_start_matches('/')])).into()
}

pub(super) fn handler_failed() -> connection::Status {
    Status::from(Fault::HandlerFailed.with(&[])).into()
}
