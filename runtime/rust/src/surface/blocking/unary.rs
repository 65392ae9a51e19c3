//! A unary call on the caller's thread, without anything that only several waits need.

use std::task::{Poll, ready};

use prost::Message;
use samehost_transport_api::{Code, Fault, LinkError};

use super::Response;
use super::call::decoded;
use crate::call::blocking::block_on;
use crate::call::client_call::{Answer, ClientCall};
use crate::connection;
use crate::surface::{Metadata, Status};

/// One message there, one message back.
pub(super) fn unary<A: Message + Default>(
    mut call: ClientCall<'_>,
    max_message_bytes: u32,
) -> Result<Response<A>, Status> {
    let (mut headers, mut answer, mut surplus) = (Metadata::new(), None, false);
    let until = call.deadline();
    let outcome = block_on(
        &mut call,
        until,
        |call, cx| loop {
            if let Some((block, message, status)) = call.take_response() {
                (headers, answer) = (Metadata::received(block), Some(message));
                return Poll::Ready(Some(status));
            }
            match ready!(call.poll_answer(cx)) {
                Some(Answer::Headers(block)) => headers = Metadata::received(block),
                Some(Answer::Message(message)) if answer.is_none() => answer = Some(message),
                Some(Answer::Message(_)) => {
                    surplus = true;
                    return Poll::Ready(None);
                }
                Some(Answer::Status(status)) => return Poll::Ready(Some(status)),
                None => return Poll::Ready(None),
            }
        },
        |call, pause| call.pause_for_all(pause),
    );
    let status = match outcome {
        Some(Some(status)) => status,
        Some(None) if surplus => return Err(failed(&mut call, Fault::MessageSurplus.with(&[&"the server"]))),
        Some(None) => connection::Status::of(Code::Cancelled, Fault::CallCancelled.text(&[&"it is over"])),
        None => call.expire(),
    };
    if status.code != Code::Ok {
        return Err(status.into());
    }
    let answer = answer.ok_or_else(|| Fault::MessageMissing.with(&[&"the server"]))?;
    let message = decoded(answer, max_message_bytes)?;
    Ok(Response { message, headers, trailers: Metadata::received(status.into_trailers()) })
}

/// Ends a call whose response is not as it should be; the server is told that nobody wants it.
fn failed(call: &mut ClientCall<'_>, error: LinkError) -> Status {
    call.fail(&connection::Status::of(error.code(), error.to_string()));
    error.into()
}
