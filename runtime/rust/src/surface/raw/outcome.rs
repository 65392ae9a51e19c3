//! How a call ends.

use bytes::Bytes;
use samehost_transport_api::{Fault, LinkError};

use crate::call::client_call::ClientCall;
use crate::connection::{self, Message};
use crate::surface::{Metadata, Status, gzip};

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Code, text and trailers; OK as well.
    pub status: Status,
    /// What the server sent before the first message; empty where it sent none.
    pub headers: Metadata,
    /// The one message of the response, of a unary call that ended well.
    pub message: Option<Bytes>,
    /// Whether it came compressed.
    pub compressed: bool,
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
