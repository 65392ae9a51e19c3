//! A unary call on the caller's thread.

use samehost_transport_api::{Code, Fault};

use super::outcome::{Outcome, failed, inflated, missing, status_of, surplus};
use super::{Interrupted, Patience};
use crate::call::client_call::{Answer, ClientCall};
use crate::surface::Metadata;

/// One message there, one message back, without anything that only several waiters need.
#[inline]
pub(super) fn unary(
    mut call: ClientCall<'_>,
    max_message: u32,
    patience: Patience<'_>,
) -> Result<Outcome, Interrupted> {
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
                headers = Metadata::received(block);
                continue;
            }
            Some(Some(Answer::Message(answer))) => {
                let came_compressed = answer.compressed;
                match inflated(answer, max_message) {
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
