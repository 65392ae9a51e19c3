//! One call passed on to another server: metadata, messages, deadline, cancellation, status and compression, as they
//! come, and no message before there is room for it.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use samehost::raw::{Answer, Call, CallOptions, Channel, Interrupted, Outcome, Patience, ServerCall};
use samehost::{Code, Metadata, Status};

/// Keys that say how the messages of one connection are compressed: each of the two calls has its own.
const ENCODING: &str = "grpc-encoding";
const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// Passes a call on, and answers how it ended. This thread passes the response; another one passes the requests, where
/// they did not come with the call.
pub fn run(call: ServerCall, to: &Channel) -> Code {
    let options = CallOptions {
        metadata: passed_on(call.metadata()),
        timeout: call.deadline().map(|time| time.saturating_duration_since(Instant::now())),
        wait_for_ready: None,
        gzip: is_gzip(call.metadata()),
    };
    let onward = Arc::new(to.call(call.path(), options));
    let call = Arc::new(call);
    if let Some(message) = call.take_whole() {
        // A call that has just begun is over where its channel is; its outcome says why.
        let _ = onward.send(message, true, false);
    } else {
        let passing = {
            let (call, onward) = (call.clone(), onward.clone());
            move || pass_requests(&call, &onward)
        };
        if let Err(error) = thread::Builder::new().name("samehost-requests".to_owned()).spawn(passing) {
            onward.fail(Code::ResourceExhausted, &format!("passing the call on needs a thread: {error}"));
        }
    }
    pass_response(&call, &onward)
}

fn pass_requests(call: &ServerCall, onward: &Call) {
    loop {
        // Nothing is taken from the caller before the server has room: so the caller has none either.
        if !matches!(onward.wait_ready(Patience::endless()), Ok(Some(Ok(())))) {
            return;
        }
        let sent = match call.wait(Patience::endless(), |call, cx| call.poll_message(cx)) {
            Ok(Some(Ok(Some(message)))) => onward.send(message, false, call.received_compressed()).is_ok(),
            Ok(Some(Ok(None))) => {
                onward.half_close();
                return;
            }
            // Whoever passes the response sees that too.
            _ => false,
        };
        if !sent {
            return;
        }
    }
}

/// What comes next of the response.
enum Next {
    Message(Bytes),
    End,
    /// Whoever called does not wait any more.
    Gone,
}

fn pass_response(call: &ServerCall, onward: &Call) -> Code {
    let held = RefCell::new(Held::default());
    let headers = await_both(call, onward, |onward, cx| onward.poll_headers(cx).map(Some), None);
    match headers {
        Some(headers) if onward.outcome().is_none() || !headers.is_empty() => {
            call.set_compression(is_gzip(&headers));
            held.borrow_mut().headers = Some(passed_on(&headers));
        }
        Some(_) => {}
        None => return gone(onward),
    }
    loop {
        let poll = |onward: &Call, cx: &Context<'_>| {
            let polled = onward.poll_message(cx);
            if polled.is_pending() {
                held.borrow_mut().send(call);
            }
            polled.map(|message| message.map_or(Next::End, Next::Message))
        };
        match await_both(call, onward, poll, Next::Gone) {
            Next::Message(message) => {
                held.borrow_mut().send(call);
                let room = call.wait(Patience::endless(), |call, cx| call.poll_ready(cx));
                if !matches!(room, Ok(Some(Ok(())))) {
                    return gone(onward);
                }
                held.borrow_mut().message = Some((message, onward.received_compressed()));
            }
            Next::End => break,
            Next::Gone => return gone(onward),
        }
    }
    let Some(outcome) = onward.outcome() else {
        unreachable!("the outcome is known behind the last message")
    };
    held.into_inner().answer(call, outcome);
    outcome.status.code()
}

/// Waits for something of the onward call, or for the end of the one that is passed on.
fn await_both<T>(
    call: &ServerCall,
    onward: &Call,
    poll: impl Fn(&Call, &Context<'_>) -> Poll<T>,
    gone: T,
) -> T {
    let either = |onward: &Call, cx: &Context<'_>| match call.poll_over(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => poll(onward, cx).map(Some),
    };
    match onward.wait(Patience::endless(), either) {
        Ok(Some(Some(ready))) => ready,
        Ok(Some(None) | None) | Err(Interrupted) => gone,
    }
}

fn gone(onward: &Call) -> Code {
    onward.cancel("its caller has gone");
    Code::Cancelled
}

/// What of the response is here already, and waits a little: with the status that may be here too it is one frame.
#[derive(Default)]
struct Held {
    headers: Option<Metadata>,
    /// A message, and whether it came compressed.
    message: Option<(Bytes, bool)>,
}

impl Held {
    /// Sends it. A call that is over is found out by whoever waits for it.
    fn send(&mut self, call: &ServerCall) {
        if let Some(headers) = self.headers.take() {
            let _ = call.send_headers(headers);
        }
        if let Some((message, compress)) = self.message.take() {
            call.send(message, compress);
        }
    }

    fn answer(self, call: &ServerCall, outcome: &Outcome) {
        let (message, compress) = self.message.map_or((None, false), |(message, came)| (Some(message), came));
        let status: Status = outcome.status.clone();
        // Headers are held only while none were sent.
        let _ = call.answer(Answer { status, headers: self.headers, message, compress });
    }
}

fn is_gzip(metadata: &Metadata) -> bool {
    metadata.get(ENCODING) == Some(b"gzip")
}

fn passed_on(metadata: &Metadata) -> Metadata {
    let mut passed = Metadata::new();
    for (key, value) in metadata.iter().filter(|(key, _)| ![ENCODING, ACCEPT_ENCODING].contains(key)) {
        // It came over the wire, so it goes over it.
        let _ = passed.push(key, value);
    }
    passed
}
