//! One call of a server: its request built, its handler run, its response sent.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tracing::Instrument;

use super::body::RequestBody;
use super::codegen::{Answering, UnaryCall};
use super::metadata::{has_status, to_block};
use super::reply::{Outcome, Reply, handler_failed, is_unseen, status_of, unimplemented};
use super::service::{Entry, HttpResponse, Responding, Services};
use super::told::{extensions, headers, headers_of_http};
use crate::call::server_call::ServerCall;
use crate::connection::{Message, Status};

/// Serves a call. The first poll is here: most unary handlers are done with it. After that a task of the
/// runtime goes on.
pub(crate) fn begin(services: &Arc<Services>, mut call: ServerCall) {
    let entry = services.find(&call.path);
    match entry.and_then(|entry| entry.begin(&mut call)) {
        Some(answering) => begin_directly(call, answering),
        None => begin_by_http(services, entry, call),
    }
}

/// As `begin`, where the handler takes HTTP's requests, or there is none.
#[inline(never)]
fn begin_by_http(services: &Arc<Services>, entry: Option<&Entry>, mut call: ServerCall) {
    let span = call.span();
    let Some((entry, asked)) = entry.and_then(|entry| Some((entry, request(&mut call, entry)?))) else {
        let status = unimplemented(&call.path);
        return end(&mut call, Outcome::Status(status));
    };
    let Asked { request, short } = asked;
    let first = || {
        let mut handler = entry.call(request);
        match handler.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) => Ok(response),
            Poll::Pending => Err(handler),
        }
    };
    let handled = match span.in_scope(|| catch_unwind(AssertUnwindSafe(first))) {
        Ok(Ok(response)) => Watched::Done(response),
        Ok(Err(handler)) => {
            let serving = serve(services.clone(), call, handler, short);
            return drop(tokio::spawn(serving.instrument(span)));
        }
        // The panic hook has had its text, which may hold secrets: it goes no further.
        Err(_) => Watched::Panicked,
    };
    // Of a handler that is done nothing is left when its response begins.
    match span.in_scope(|| answered(entry, &call.path, handled, short)) {
        Answered::Whole(outcome) => end(&mut call, outcome),
        Answered::Part(reply) => {
            let mut sending = Box::pin(send(call, reply).instrument(span));
            if sending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                tokio::spawn(sending);
            }
        }
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

/// Serves a call on to its end. The handler is dropped as soon as nobody waits for its answer.
async fn serve(
    services: Arc<Services>,
    mut call: ServerCall,
    mut handler: Responding,
    short: Option<UnaryCall>,
) {
    let deadline = call.deadline.map(|(at, _)| at);
    let sleep = pin!(deadline.map(|at| tokio::time::sleep_until(at.into())));
    let handled = watched(&call, sleep, |cx| handler.as_mut().poll(cx)).await;
    // Nothing of the handler is left when its response begins.
    drop(handler);
    let Some(entry) = services.find(&call.path) else { return };
    match answered(entry, &call.path, handled, short) {
        Answered::Whole(outcome) => end(&mut call, outcome),
        Answered::Part(reply) => Box::pin(send(call, reply)).await,
    }
}

/// Sends what is left of a response.
async fn send(mut call: ServerCall, mut reply: Box<Reply>) {
    let deadline = call.deadline.map(|(at, _)| at);
    let sleep = pin!(deadline.map(|at| tokio::time::sleep_until(at.into())));
    let handled = {
        let mut sending = pin!(reply.send(&call));
        watched(&call, sleep, |cx| sending.as_mut().poll(cx)).await
    };
    let outcome = match handled {
        Watched::Done(outcome) => outcome,
        Watched::Over => Outcome::Over,
        Watched::Expired => Outcome::Expired,
        Watched::Panicked => Outcome::Reset(handler_failed()),
    };
    end(&mut call, outcome);
}

/// What a handler has answered.
enum Answered {
    /// All of it.
    Whole(Outcome),
    /// With more to come than is there at once, or with several messages.
    Part(Box<Reply>),
}

fn answered(
    entry: &Entry,
    path: &Arc<str>,
    handled: Watched<Result<HttpResponse, tonic::Status>>,
    short: Option<UnaryCall>,
) -> Answered {
    Answered::Whole(match handled {
        Watched::Done(Ok(response)) if has_status(response.headers()) => Reply::status(response, path),
        Watched::Done(Ok(response)) => {
            if let Some(short) = short {
                if let Some(message) = short.take_answer() {
                    entry.went_short();
                    return Answered::Whole(whole(response, message));
                }
                entry.declined(path);
            }
            let mut reply = match Reply::of(response) {
                Ok(reply) => reply,
                Err(status) => return Answered::Whole(Outcome::Status(status.into())),
            };
            match catch_unwind(AssertUnwindSafe(|| reply.whole())) {
                Ok(Some(outcome)) => outcome,
                Ok(None) => return Answered::Part(Box::new(reply)),
                Err(_) => Outcome::Reset(handler_failed()),
            }
        }
        Watched::Done(Err(status)) if is_unseen(&status) => Outcome::Refused(status_of(&status)),
        Watched::Done(Err(status)) => Outcome::Status(status_of(&status)),
        Watched::Over => Outcome::Over,
        Watched::Expired => Outcome::Expired,
        Watched::Panicked => Outcome::Status(handler_failed()),
    })
}

fn end(call: &mut ServerCall, outcome: Outcome) {
    match outcome {
        Outcome::Status(status) => call.answer(None, None, status),
        Outcome::Whole(headers, message, status) => call.answer(Some(headers), message, status),
        Outcome::Reset(status) => call.reset(status.code, status.text()),
        Outcome::Refused(status) => call.refuse(&status),
        Outcome::Expired => call.expire(),
        Outcome::Over => {}
    }
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

/// The HTTP request that tonic's services take, and where the answer is if the call goes the short way.
struct Asked {
    request: http::Request<tonic::body::Body>,
    short: Option<UnaryCall>,
}

/// What a call asks of a service; `None` where the path is none for HTTP.
fn request(call: &mut ServerCall, entry: &Entry) -> Option<Asked> {
    let compressed = call.metadata.get("grpc-encoding").is_some();
    let (uri, declines) = entry.known(&call.path)?;
    let messages = call.messages_of_watched();
    let (body, short) = match compressed || declines {
        true => (RequestBody::of(messages), None),
        false => {
            let messages = Arc::new(Mutex::new(messages));
            (RequestBody::shared(messages.clone()), Some(UnaryCall::new(messages)))
        }
    };
    let mut request = http::Request::new(tonic::body::Body::new(body));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    *request.uri_mut() = uri;
    *request.headers_mut() = if entry.is_short() { headers(call) } else { headers_of_http(call) };
    *request.extensions_mut() = extensions(call);
    if let Some(short) = &short {
        request.extensions_mut().insert(short.clone());
    }
    Some(Asked { request, short })
}

/// The outcome of a call that went the short way.
fn whole(response: HttpResponse, message: Message) -> Outcome {
    match to_block(response.into_parts().0.headers) {
        Ok(headers) => Outcome::Whole(headers, Some(message), Status::OK),
        Err(status) => Outcome::Status(status.into()),
    }
}
