//! One call of a server: its request built, its handler run, its response sent.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use http_body::Body as _;
use samehost_transport_api::{Code, Fault};
use tracing::Instrument;

use super::body::RequestBody;
use super::codegen::{Answering, UnaryCall};
use super::framing::{Framed, Splitter};
use super::metadata::{has_status, take_status, to_block};
use super::service::{Entry, HttpResponse, Services};
use super::told::{extensions, headers};
use crate::call::server_call::ServerCall;
use crate::call::{Message, Status};
use crate::surface;
use crate::wire::MetadataBlock;

/// Serves a call. The first poll is here: most unary handlers are done with it. After that a task of the
/// runtime goes on.
pub(super) fn begin(services: &Arc<Services>, mut call: ServerCall) {
    if let Some(answering) = services.find(&call.path).and_then(|entry| entry.begin(&mut call)) {
        return begin_directly(call, answering);
    }
    let span = call.span();
    let mut serving = Box::pin(serve(services.clone(), call).instrument(span));
    if serving.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
        tokio::spawn(serving);
    }
}

/// As `begin`, where the handler is reached directly.
fn begin_directly(mut call: ServerCall, mut answering: Answering) {
    let span = call.span();
    let mut poll = || answering.poll(&call, &mut Context::from_waker(Waker::noop()));
    let handled = match catch_unwind(AssertUnwindSafe(|| span.in_scope(&mut poll))) {
        Ok(Poll::Ready(answered)) => Watched::Done(answered),
        Ok(Poll::Pending) => return drop(tokio::spawn(go_on(call, answering).instrument(span))),
        // The panic hook has had its text, which may hold secrets: it goes no further.
        Err(_) => Watched::Panicked,
    };
    // Of a handler that has failed nothing is left when its call ends.
    drop(answering);
    end_directly(&mut call, handled);
}

async fn go_on(mut call: ServerCall, mut answering: Answering) {
    let deadline = call.deadline.map(|(at, _)| at);
    let sleep = pin!(deadline.map(|at| tokio::time::sleep_until(at.into())));
    let handled = watched(&call, sleep, |cx| answering.poll(&call, cx)).await;
    drop(answering);
    end_directly(&mut call, handled);
}

fn end_directly(call: &mut ServerCall, handled: Watched<Result<(), tonic::Status>>) {
    end(
        call,
        match handled {
            Watched::Done(Ok(())) => return,
            Watched::Done(Err(status)) => Outcome::Status(status_of(&status)),
            Watched::Over => Outcome::Over,
            Watched::Expired => Outcome::Expired,
            Watched::Panicked => Outcome::Status(handler_failed()),
        },
    );
}

/// Serves one call to its end. The handler is dropped as soon as nobody waits for its answer.
async fn serve(services: Arc<Services>, mut call: ServerCall) {
    let path = call.path.clone();
    let deadline = call.deadline.map(|(at, _)| at);
    let mut sleep = pin!(deadline.map(|at| tokio::time::sleep_until(at.into())));
    let entry = services.find(&path);
    let asked = entry.and_then(|entry| Some((entry, request(&mut call, entry)?)));
    let outcome = match asked {
        None => Outcome::Status(unimplemented(&path)),
        Some((entry, (request, short))) => {
            let mut handler = entry.call(request);
            let handled = watched(&call, sleep.as_mut(), |cx| handler.as_mut().poll(cx)).await;
            // Nothing of the handler is left when its response begins.
            drop(handler);
            match handled {
                Watched::Done(Ok(response)) => match short.and_then(|short| short.take_answer()) {
                    Some(message) if !has_status(response.headers()) => {
                        entry.went_short();
                        whole(response, message)
                    }
                    _ => {
                        // In a box, so that calls that go the short way are not as large.
                        let mut sending = Box::pin(send(&call, response, &path));
                        match watched(&call, sleep.as_mut(), |cx| sending.as_mut().poll(cx)).await {
                            Watched::Done(outcome) => outcome,
                            Watched::Over => Outcome::Over,
                            Watched::Expired => Outcome::Expired,
                            Watched::Panicked => Outcome::Reset(handler_failed()),
                        }
                    }
                },
                Watched::Done(Err(status)) => Outcome::Status(status_of(&status)),
                Watched::Over => Outcome::Over,
                Watched::Expired => Outcome::Expired,
                Watched::Panicked => Outcome::Status(handler_failed()),
            }
        }
    };
    end(&mut call, outcome);
}

fn end(call: &mut ServerCall, outcome: Outcome) {
    match outcome {
        Outcome::Status(status) => call.answer(None, None, status),
        Outcome::Whole(headers, message, status) => call.answer(Some(headers), message, status),
        Outcome::Reset(status) => call.reset(status.code, status.text()),
        Outcome::Expired => call.expire(),
        Outcome::Over => {}
    }
}

/// How a call ends.
enum Outcome {
    /// With this status, after headers or without any.
    Status(Status),
    /// With the whole response in one piece.
    Whole(MetadataBlock, Option<Message>, Status),
    /// At once, as its response broke off.
    Reset(Status),
    /// At its deadline.
    Expired,
    /// It is over already.
    Over,
}

enum Watched<T> {
    Done(T),
    Over,
    Expired,
    Panicked,
}

/// Runs what an application wrote, until it is done, or nobody waits for it any more. A panic ends
/// its call alone.
async fn watched<T>(
    call: &ServerCall,
    mut sleep: Pin<&mut Option<tokio::time::Sleep>>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Watched<T> {
    let mut first = true;
    std::future::poll_fn(|cx| {
        // Most often it is done with its first poll, and nothing need watch it. Later on the end of the call comes
        // first: the handler is dropped, and does not see half of a request.
        if !std::mem::take(&mut first) && call.poll_over(cx).is_ready() {
            return Poll::Ready(Watched::Over);
        }
        match catch_unwind(AssertUnwindSafe(|| poll(cx))) {
            Ok(Poll::Ready(done)) => return Poll::Ready(Watched::Done(done)),
            Ok(Poll::Pending) => {}
            // The panic hook has had its text, which may hold secrets: it goes no further.
            Err(_) => return Poll::Ready(Watched::Panicked),
        }
        // From now on this is woken when the call is over.
        if call.poll_over(cx).is_ready() {
            return Poll::Ready(Watched::Over);
        }
        match sleep.as_mut().as_pin_mut() {
            Some(sleep) => sleep.poll(cx).map(|()| Watched::Expired),
            None => Poll::Pending,
        }
    })
    .await
}

/// The HTTP request that tonic's services take, and where the answer is if the call went the short way; `None` where
/// the path is none for HTTP.
fn request(
    call: &mut ServerCall,
    entry: &Entry,
) -> Option<(http::Request<tonic::body::Body>, Option<UnaryCall>)> {
    let compressed = call.metadata.get("grpc-encoding").is_some();
    let messages = Arc::new(Mutex::new(call.messages_of_watched()));
    let short = (!compressed).then(|| UnaryCall::new(messages.clone()));
    let mut request = http::Request::new(tonic::body::Body::new(RequestBody::of(messages)));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    *request.uri_mut() = entry.uri(&call.path)?;
    *request.headers_mut() = headers(call);
    if !entry.is_short() {
        let headers = request.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
        headers.insert(http::header::TE, http::HeaderValue::from_static("trailers"));
    }
    *request.extensions_mut() = extensions(call);
    if let Some(short) = &short {
        request.extensions_mut().insert(short.clone());
    }
    Some((request, short))
}

/// The outcome of a call that went the short way.
fn whole(response: HttpResponse, message: Message) -> Outcome {
    match to_block(response.into_parts().0.headers) {
        Ok(headers) => Outcome::Whole(headers, Some(message), Status::OK),
        Err(status) => Outcome::Status(status.into()),
    }
}

/// Sends a response. Where it is one message at most, all of it goes out in one frame.
async fn send(call: &ServerCall, response: HttpResponse, path: &str) -> Outcome {
    let (head, body) = response.into_parts();
    if has_status(&head.headers) {
        // The response is a status alone.
        return Outcome::Status(match take_status(head.headers) {
            Ok(Some(status)) if status.code == Code::Unimplemented && status.text().is_empty() => {
                unimplemented(path).with_trailers(status.into_trailers())
            }
            Ok(Some(status)) => status,
            Ok(None) => handler_failed(),
            Err(status) => status.into(),
        });
    }
    let mut headers = match to_block(head.headers) {
        Ok(headers) => Some(headers),
        Err(status) => return Outcome::Status(status.into()),
    };
    let mut body = pin!(body);
    let mut splitter = Splitter::default();
    let mut held: Option<Framed> = None;
    loop {
        let next = match splitter.next() {
            Ok(next) => next,
            Err(status) => return Outcome::Reset(status.into()),
        };
        if let Some(next) = next {
            if let Some(last) = held.replace(next) {
                send_one(call, &mut headers, last);
                if ready(call).await.is_err() {
                    return Outcome::Over;
                }
            }
            continue;
        }
        // While the body has nothing more to say, what it has said goes out.
        let frame = std::future::poll_fn(|cx| {
            let poll = body.as_mut().poll_frame(cx);
            if poll.is_pending() {
                if let Some(last) = held.take() {
                    send_one(call, &mut headers, last);
                } else if let Some(headers) = headers.take() {
                    // A call that is over is noticed by whoever watches it.
                    let _ = call.send_headers(headers);
                }
            }
            poll
        })
        .await;
        let status = match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    splitter.push(data);
                    if ready(call).await.is_err() {
                        return Outcome::Over;
                    }
                    continue;
                }
                Err(frame) => take_status(frame.into_trailers().unwrap_or_default()),
            },
            Some(Err(status)) => Ok(Some(status_of(&status))),
            None => Ok(None),
        };
        let status = match splitter.end().and(status) {
            Ok(Some(status)) => status,
            Ok(None) => handler_failed(),
            Err(status) => status.into(),
        };
        let message = held.take().map(Framed::into_message);
        return match headers {
            Some(headers) => Outcome::Whole(headers, message, status),
            None => {
                if let Some(message) = message {
                    let _ = call.send_message(message);
                }
                Outcome::Status(status)
            }
        };
    }
}

async fn ready(call: &ServerCall) -> Result<(), crate::call::StreamError> {
    std::future::poll_fn(|cx| call.poll_ready(cx)).await
}

fn send_one(call: &ServerCall, headers: &mut Option<MetadataBlock>, framed: Framed) {
    // A call that is over is noticed by whoever watches it.
    if let Some(headers) = headers.take() {
        let _ = call.send_headers(headers);
    }
    let _ = call.send_message(framed.into_message());
}

fn status_of(status: &tonic::Status) -> Status {
    let code = Code::from_number(status.code() as i32 as u32);
    let mut headers = http::HeaderMap::new();
    match status.add_header(&mut headers) {
        Ok(()) => match take_status(headers) {
            Ok(Some(status)) => status,
            Ok(None) => Status::of(code, status.message().to_owned()),
            Err(invalid) => invalid.into(),
        },
        Err(_) => Status::of(code, status.message().to_owned()),
    }
}

fn unimplemented(path: &str) -> Status {
    surface::Status::from(Fault::MethodUnknown.with(&[&path.trim_start_matches('/')])).into()
}

fn handler_failed() -> Status {
    surface::Status::from(Fault::HandlerFailed.with(&[])).into()
}
