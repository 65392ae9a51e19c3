//! `samehost call`: one call of any kind, from JSON to JSON.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use samehost::raw::{self, CallOptions, Outcome, Patience};
use samehost::{Code, Metadata};

use crate::channel::{self, Way};
use crate::descriptors::{Descriptors, path};
use crate::details;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json::{Answers, Requests};
use crate::metadata::{self, lines};
use crate::output::{say, time};
use crate::words::{self, Options};

/// Calls, and writes the answers.
pub fn run(words: words::Call) -> Result<(), Failure> {
    let way = channel::to(&words.address, &words.reach)?;
    let descriptors = Descriptors::of(&words.contract, || Ok(way.clone()), words.options.deadline)?;
    let method = descriptors.method(&words.method)?;
    let requests = Requests::of(words.request.as_deref(), method.input())?;
    let requests = match method.is_client_streaming() {
        true => Sending::Many(requests),
        false => Sending::One(requests.only()?),
    };
    let teller = Teller { verbose: words.verbose, began: Instant::now() };
    let answers = Answers::new(words.defaults);
    let interrupt = Interrupt::catch()?;
    teller.tell_request(&method, &words);
    let call = Arc::new(way.call(&format!("/{}", path(&method)), call_options(&words.options)));
    let wrong = send(&call, requests, &interrupt);
    let received = receive(&call, &method, &answers, &interrupt, &teller);
    if let Some(failure) = wrong.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(failure);
    }
    let outcome = received?;
    teller.tell_end(&outcome, &way);
    match outcome.status.code() {
        Code::Ok => Ok(()),
        _ => Err(Failure::of_call(&outcome.status, &details::lines(&outcome.status, method.parent_pool()))),
    }
}

/// What a call takes along.
pub fn call_options(words: &Options) -> CallOptions {
    CallOptions {
        metadata: metadata::of(&words.headers),
        timeout: words.deadline,
        wait_for_ready: words.wait.then_some(true),
        gzip: words.gzip,
    }
}

enum Sending {
    One(DynamicMessage),
    Many(Requests),
}

/// Sends what there is to send: a stream by a thread of its own, as what answers it may be read meanwhile. Answers what
/// goes wrong there, which ends the call.
fn send(call: &Arc<raw::Call>, requests: Sending, interrupt: &Interrupt) -> Arc<Mutex<Option<Failure>>> {
    let wrong = Arc::new(Mutex::new(None));
    match requests {
        Sending::One(message) => {
            // A call that has just begun is over where its channel is, and its outcome says why.
            let _ = call.send(message.encode_to_vec().into(), true, true);
        }
        Sending::Many(requests) => {
            let (call, wrong, interrupt) = (call.clone(), wrong.clone(), interrupt.clone());
            thread::spawn(move || {
                for request in requests {
                    let ready = interrupt.while_waiting(|patience| call.wait_ready(patience));
                    let sent = match request {
                        Ok(message) if matches!(ready, Some(Ok(()))) => {
                            call.send(message.encode_to_vec().into(), false, true).is_ok()
                        }
                        Ok(_) => false,
                        Err(failure) => {
                            *wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                            call.cancel("the next request is none")
                        }
                    };
                    if !sent {
                        return;
                    }
                }
                call.half_close();
            });
        }
    }
    wrong
}

fn receive(
    call: &raw::Call,
    method: &MethodDescriptor,
    answers: &Answers,
    interrupt: &Interrupt,
    teller: &Teller,
) -> Result<Arc<Outcome>, Failure> {
    let next = || {
        let next = interrupt.while_waiting(|patience| call.wait(patience, |call, cx| call.poll_message(cx)));
        if next.is_none() {
            call.cancel("it was interrupted");
        }
        next.flatten()
    };
    if let Some(headers) =
        interrupt.while_waiting(|patience| call.wait(patience, |call, cx| call.poll_headers(cx)))
    {
        teller.tell_headers(&headers);
    }
    let mut number = 0;
    while let Some(message) = next() {
        number += 1;
        let answer = DynamicMessage::decode(method.output(), message).map_err(|error| {
            let kind = method.output();
            Failure::here(format!("answer {number} is no {}: {error}", kind.full_name()))
        })?;
        answers.write(&answer)?;
    }
    let Ok(Some(outcome)) = call.wait(Patience::endless(), |call, cx| call.poll_outcome(cx)) else {
        unreachable!("nobody asks it to stop");
    };
    let surplus = !method.is_server_streaming() && number > 1;
    if surplus || !method.is_server_streaming() && number == 0 && outcome.status.code() == Code::Ok {
        return Err(Failure::here(format!("the server has sent {number} answers, and the method has one")));
    }
    Ok(outcome)
}

/// Says what goes and comes besides messages, where that is wanted.
struct Teller {
    verbose: bool,
    began: Instant,
}

impl Teller {
    fn say(&self, line: &str) {
        if self.verbose {
            say(line);
        }
    }

    fn tell_request(&self, method: &MethodDescriptor, words: &words::Call) {
        self.say(&format!("> {} at {}", path(method), words.address));
        for line in lines(&metadata::of(&words.options.headers)) {
            self.say(&format!("> {line}"));
        }
        if let Some(deadline) = words.options.deadline {
            self.say(&format!("> deadline in {deadline:?}"));
        }
    }

    fn tell_headers(&self, headers: &Metadata) {
        for line in lines(headers) {
            self.say(&format!("< {line}"));
        }
    }

    fn tell_end(&self, outcome: &Outcome, way: &Way) {
        let took = time(self.began.elapsed());
        for line in lines(&outcome.status.metadata()) {
            self.say(&format!("< {line} (trailer)"));
        }
        self.say(&format!("< {} after {took}", outcome.status.code().name()));
        if let Some(who) = way.described() {
            self.say(&format!("< from {who}"));
        }
    }
}
