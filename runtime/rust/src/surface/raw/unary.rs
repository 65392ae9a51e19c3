//! A unary call on the caller's thread, and what all calls of a client begin and end with.

use std::borrow::Cow;

use bytes::Bytes;
use samehost_transport_api::{Code, Fault, LinkError};

use super::call::{CallOptions, Outcome};
use super::channel::deadline;
use super::{Channel, Interrupted, Patience, outgoing};
use crate::call::client_call::{Answer, ClientCall};
use crate::call::outgoing::Request;
use crate::connection::{self, Message};
use crate::surface::Metadata;
use crate::surface::gzip::{self, ACCEPT_ENCODING, ENCODING, GZIP};

/// One message there, one message back, without anything that only several waiters need.
pub(super) fn unary(
    channel: &Channel,
    path: &str,
    options: CallOptions,
    message: Bytes,
    patience: Patience<'_>,
) -> Result<Outcome, Interrupted> {
    let gzip = options.gzip;
    let request = request(channel, path.into(), options);
    let mut call = ClientCall::of_one(channel.handle.clone(), request, outgoing(message, gzip));
    let mut patience = patience.at_most(call.deadline()).since(call.began());
    let (mut headers, mut message, mut compressed) = (Metadata::new(), None, false);
    loop {
        let answer = patience.wait(
            &mut call,
            |call, cx| call.poll_answer(cx),
            |call, pause| call.pause_for_all(pause),
        )?;
        let status = match answer {
            Some(Some(Answer::Headers(block))) => {
                headers = Metadata(block);
                continue;
            }
            Some(Some(Answer::Message(answer))) => {
                let came_compressed = answer.compressed;
                match inflated(answer, channel.max_message) {
                    Ok(answer) if message.is_none() => {
                        (message, compressed) = (Some(answer), came_compressed);
                        continue;
                    }
                    Ok(_) => failed(&mut call, &surplus()),
                    Err(error) => failed(&mut call, &error),
                }
            }
            Some(Some(Answer::Status(status))) if status.code == Code::Ok && message.is_none() => {
                status_of(&missing())
            }
            Some(Some(Answer::Status(status))) => status,
            Some(None) => status_of(&Fault::CallCancelled.with(&[&"it is over"])),
            None => call.expire(),
        };
        let message = message.filter(|_| status.code == Code::Ok);
        return Ok(Outcome { status: status.into(), headers, message, compressed });
    }
}

pub(super) fn request<'p>(channel: &Channel, path: Cow<'p, str>, options: CallOptions) -> Request<'p> {
    let mut metadata = options.metadata.0;
    // The keys are good.
    if options.gzip {
        let _ = metadata.push(ENCODING, GZIP.as_bytes());
    }
    let _ = metadata.push(ACCEPT_ENCODING, GZIP.as_bytes());
    Request {
        path,
        metadata,
        deadline: deadline(options.timeout),
        wait_for_ready: options.wait_for_ready.unwrap_or(channel.wait_for_ready),
    }
}

/// The message as the application has it.
pub(super) fn inflated(message: Message, limit: u32) -> Result<Bytes, LinkError> {
    match message.compressed {
        true => gzip::decompressed(&message.bytes, limit, "client"),
        false => Ok(message.bytes),
    }
}

pub(super) fn missing() -> LinkError {
    Fault::MessageMissing.with(&[&"the server"])
}

pub(super) fn surplus() -> LinkError {
    Fault::MessageSurplus.with(&[&"the server"])
}

pub(super) fn status_of(error: &LinkError) -> connection::Status {
    connection::Status::of(error.code(), error.to_string())
}

/// Ends a call whose response is not as it should be; the server is told that nobody wants it.
pub(super) fn failed(call: &mut ClientCall<'_>, error: &LinkError) -> connection::Status {
    let status = status_of(error);
    call.fail(&status);
    status
}
