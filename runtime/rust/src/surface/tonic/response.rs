//! The future of a call, as tonic's clients await it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use tracing::Instrument;

use super::body::ResponseBody;
use super::metadata::{add_to, status_headers};
use super::request::RequestSender;
use super::timed_call::TimedCall;
use crate::call::client_call::{Answer, ClientCall};
use crate::connection::Status;

/// The response to come. Dropped, it cancels its call.
pub struct ResponseFuture(Stage);

enum Stage {
    /// The body of the request is looked at first: what is there of it goes out with the OPEN.
    Begun(Box<(TimedCall, RequestSender)>),
    /// In a box, as it is moved into the body of the response, and with that again and again.
    Open(Box<TimedCall>),
    Failed(Status),
    Done,
}

impl ResponseFuture {
    /// The response of a call, and what is still to be sent of its request.
    pub(super) fn new(call: ClientCall<'static>, request: Option<RequestSender>) -> ResponseFuture {
        let call = TimedCall::new(call);
        ResponseFuture(match request {
            Some(request) => Stage::Begun(Box::new((call, request))),
            None => Stage::Open(Box::new(call)),
        })
    }

    pub(super) fn failed(status: Status) -> ResponseFuture {
        ResponseFuture(Stage::Failed(status))
    }
}

impl Future for ResponseFuture {
    type Output = Result<http::Response<ResponseBody>, tonic::Status>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut call = match std::mem::replace(&mut self.0, Stage::Done) {
            Stage::Begun(begun) => {
                let (mut call, mut request) = *begun;
                let span = call.span().clone();
                match span.in_scope(|| request.poll(cx)) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(status)) => {
                        let status = status.into();
                        call.fail(&status);
                        return Poll::Ready(Ok(trailers_only(status)));
                    }
                    Poll::Pending => drop(tokio::spawn(request.run().instrument(span))),
                }
                Box::new(call)
            }
            Stage::Open(call) => call,
            Stage::Failed(status) => return Poll::Ready(Ok(trailers_only(status))),
            Stage::Done => panic!("a future was polled after its end"),
        };
        let answer = match call.poll_answer(cx) {
            Poll::Ready(answer) => answer,
            Poll::Pending => {
                self.0 = Stage::Open(call);
                return Poll::Pending;
            }
        };
        Poll::Ready(Ok(match answer {
            Some(Answer::Headers(block)) => {
                // With room for the status among the trailers: tonic puts them here at the end of a unary call, and
                // to grow for that takes as long as to make a map.
                let mut headers = HeaderMap::with_capacity(2 + usize::from(block.count()));
                add_to(&mut headers, &block);
                let medium = call.medium();
                let mut response = response(headers, ResponseBody::of(call));
                if let Some(medium) = medium {
                    response.extensions_mut().insert(medium);
                }
                response
            }
            Some(Answer::Status(status)) => trailers_only(status),
            Some(Answer::Message(_)) | None => {
                unreachable!("headers come before a message, and a status last")
            }
        }))
    }
}

fn trailers_only(status: Status) -> http::Response<ResponseBody> {
    response(status_headers(status), ResponseBody::default())
}

fn response(mut headers: HeaderMap, body: ResponseBody) -> http::Response<ResponseBody> {
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
    let mut response = http::Response::new(body);
    *response.headers_mut() = headers;
    response
}
