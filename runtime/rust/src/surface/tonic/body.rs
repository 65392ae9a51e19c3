//! HTTP bodies over a call: the response that a client reads, the request that a handler reads.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};

use super::framing::prefix;
use super::metadata::status_headers;
use super::timed_call::TimedCall;
use crate::call::client_call::Answer;
use crate::call::server_call::Messages;
use crate::connection::{Message, Status};

/// A message of at most so many bytes is handed over in one piece with its prefix, as a copy.
const COPIED_BYTES: usize = 4096;

/// The rest of a message whose prefix was handed over.
#[derive(Default)]
struct Rest(Option<Bytes>);

impl Rest {
    fn take(&mut self) -> Option<Frame<Bytes>> {
        self.0.take().map(Frame::data)
    }

    fn begin(&mut self, message: Message) -> Frame<Bytes> {
        let Message { bytes, compressed } = message;
        let prefix = prefix(compressed, bytes.len());
        if bytes.len() > COPIED_BYTES {
            // The message is not copied.
            self.0 = Some(bytes);
            return Frame::data(Bytes::copy_from_slice(&prefix));
        }
        Frame::data([&prefix[..], &bytes[..]].concat().into())
    }
}

/// The body of a response: its messages as they are read, then the trailers with the status. The
/// call is cancelled when it is dropped before its end.
pub struct ResponseBody {
    call: Option<Box<TimedCall>>,
    rest: Rest,
}

impl ResponseBody {
    pub(super) fn of(call: Box<TimedCall>) -> ResponseBody {
        ResponseBody { call: Some(call), rest: Rest::default() }
    }
}

/// A body without anything, as interceptors want one.
impl Default for ResponseBody {
    fn default() -> ResponseBody {
        ResponseBody { call: None, rest: Rest::default() }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        if let Some(frame) = self.rest.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        loop {
            let Some(call) = &mut self.call else { return Poll::Ready(None) };
            let frame = match ready!(call.poll_answer(cx)) {
                Some(Answer::Message(message)) => self.rest.begin(message),
                Some(Answer::Status(status)) => {
                    self.call = None;
                    Frame::trailers(status_headers(status))
                }
                Some(Answer::Headers(_)) => continue,
                None => {
                    self.call = None;
                    return Poll::Ready(None);
                }
            };
            return Poll::Ready(Some(Ok(frame)));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.call.is_none()
    }
}

/// The body of a request, as a handler reads it.
pub(super) struct RequestBody {
    messages: Option<Source>,
    rest: Rest,
}

/// Who has the messages.
enum Source {
    Own(Messages),
    /// Others have them too: whoever reads one has it alone.
    Shared(Arc<Mutex<Messages>>),
}

impl RequestBody {
    pub(super) fn of(messages: Messages) -> RequestBody {
        RequestBody { messages: Some(Source::Own(messages)), rest: Rest::default() }
    }

    /// Others have the messages too.
    pub(super) fn shared(messages: Arc<Mutex<Messages>>) -> RequestBody {
        RequestBody { messages: Some(Source::Shared(messages)), rest: Rest::default() }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        if let Some(frame) = self.rest.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let next = match &mut self.messages {
            None => return Poll::Ready(None),
            Some(Source::Own(messages)) => messages.poll_next(cx),
            Some(Source::Shared(messages)) => {
                messages.lock().unwrap_or_else(PoisonError::into_inner).poll_next(cx)
            }
        };
        Poll::Ready(match ready!(next) {
            Some(Ok(message)) => Some(Ok(self.rest.begin(message))),
            Some(Err(status)) => {
                self.messages = None;
                Some(Err(broken_off(status)))
            }
            None => {
                self.messages = None;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.messages.is_none()
    }
}

/// What a handler sees whose request breaks off. tonic takes CANCELLED for the proper end of a
/// request, and a handler then would take half of a stream for the whole.
pub(super) fn broken_off(status: Status) -> tonic::Status {
    match status.code {
        samehost_transport_api::Code::Cancelled => tonic::Status::aborted(status.into_text()),
        code => tonic::Status::new(tonic::Code::from_i32(code as i32), status.into_text()),
    }
}
