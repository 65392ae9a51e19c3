//! The messages that come by HTTP/2, and how they fail.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::Reason;
use http::HeaderMap;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use samehost_transport_api::Fault;
use tonic::{Code, Status};

use super::frames::Frames;
use crate::connection::MESSAGE_OPTION;
use crate::surface::tonic::Unseen;

const PREFIX_BYTES: usize = 5;
const STATUS: &str = "grpc-status";

/// What the peer sends of a call. A message that is longer than this side takes fails it before it has come.
pub(super) struct Messages {
    body: Incoming,
    bound: Bound,
    /// Which side takes them, `client` or `server`.
    side: &'static str,
    address: Arc<str>,
    /// The peer has still to say how the call has ended.
    owes_status: bool,
}

impl Messages {
    pub(super) fn of(body: Incoming, limit: u32, side: &'static str, address: Arc<str>) -> Messages {
        Messages { body, bound: Bound::of(limit), side, address, owes_status: false }
    }

    /// The same of an answer with these headers: where they have no status, its trailers must.
    pub(super) fn behind(self, headers: &HeaderMap) -> Messages {
        Messages { owes_status: !headers.contains_key(STATUS), ..self }
    }
}

impl Body for Messages {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
            return Poll::Ready(std::mem::take(&mut self.owes_status).then(|| {
                let text = format!("{}: the server's answer is not gRPC's: it has no status", self.address);
                Err(Status::unknown(text))
            }));
        };
        self.owes_status &=
            !matches!(&frame, Ok(frame) if frame.trailers_ref().is_some_and(|all| all.contains_key(STATUS)));
        let frame = frame.map_err(|error| failure(&error, &self.address));
        Poll::Ready(Some(frame.and_then(|frame| match frame.data_ref() {
            Some(data) => self.bound.check(data).map(|()| frame).map_err(|bytes| {
                let values: [&dyn std::fmt::Display; 4] =
                    [&bytes, &self.bound.limit, &self.side, &MESSAGE_OPTION];
                Status::resource_exhausted(Fault::MessageTooLarge.text(&values))
            }),
            None => Ok(frame),
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.owes_status
    }
}

/// Sees how long messages are.
struct Bound {
    limit: u32,
    messages: Frames<PREFIX_BYTES>,
}

impl Bound {
    fn of(limit: u32) -> Bound {
        Bound { limit, messages: Frames::default() }
    }

    /// Looks at the next bytes; the length of a message that is too long is the error.
    fn check(&mut self, bytes: &[u8]) -> Result<(), u32> {
        let limit = self.limit;
        self.messages.receive(bytes, |&[_, a, b, c, d]| match u32::from_be_bytes([a, b, c, d]) {
            length if length > limit => Err(length),
            length => Ok(length as usize),
        })
    }
}

/// What a failure of HTTP/2 is for a call that has got no answer; it may say that no handler has seen it.
pub(super) fn unanswered(error: &hyper::Error, address: &str) -> Status {
    let mut status = failure(error, address);
    let goes = cause(error).is_some_and(|cause| cause.is_go_away() && cause.is_remote());
    // Hyper has not sent what it cancels, and the streams that a GOAWAY ends are later than the last one of it.
    if error.is_canceled() || goes || reset(error) == Some(Reason::REFUSED_STREAM) {
        status.set_source(Arc::new(Unseen));
    }
    status
}

/// What a failure of HTTP/2 is for a call, by gRPC's rule.
pub(super) fn failure(error: &hyper::Error, address: &str) -> Status {
    let Some(reason) = reset(error) else {
        return Status::unavailable(Fault::LinkEnded.text(&[&address]));
    };
    let code = match reason {
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Internal,
    };
    Status::new(code, Fault::StreamReset.text(&[&address, &format_args!("{reason:?}")]))
}

/// By what reason the peer has reset the stream, if that is what it did.
fn reset(error: &hyper::Error) -> Option<Reason> {
    cause(error).filter(|cause| cause.is_reset())?.reason()
}

fn cause(error: &hyper::Error) -> Option<&h2::Error> {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u32) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend(length.to_be_bytes());
        bytes.resize(PREFIX_BYTES + length as usize, 0xFF);
        bytes
    }

    #[test]
    fn a_message_that_is_too_long_is_seen_by_its_first_bytes_wherever_they_are_cut() {
        let bytes = [message(10), message(0), message(9), message(11)].concat();
        let last = bytes.len() - 11;
        for size in 1..=bytes.len() {
            let mut bound = Bound::of(10);
            let mut seen = 0;
            let failed = bytes.chunks(size).find_map(|piece| {
                seen += piece.len();
                bound.check(piece).err()
            });
            assert_eq!(failed, Some(11), "in pieces of {size}");
            assert!(seen < last + size, "in pieces of {size}");
        }
    }
}
