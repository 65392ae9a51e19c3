//! What the code uses that `samehost-build` generates: the short way of unary calls, past HTTP's headers and
//! bodies. It is no API for people, and holds nothing that tonic's own way does not have.

mod client;
mod direct;
mod server;

use prost::Message;
use samehost_transport_api::Fault;

use crate::connection;
use crate::surface::{Status, proto};

pub use client::Short;
pub(in crate::surface::tonic) use direct::direct;
pub use direct::{Answering, Direct, DirectCall, register};
pub use server::UnaryCall;

/// The largest message that tonic takes unless it is told otherwise.
const TONIC_LIMIT: usize = 4 << 20;

/// A message as it travels, within the limit that tonic's stubs have for themselves.
fn encoded(message: &impl Message, limit: Option<usize>) -> Result<connection::Message, tonic::Status> {
    let bytes = proto::encoded(message);
    within("encoded", bytes.len(), limit.unwrap_or(usize::MAX))?;
    Ok(connection::Message { bytes, compressed: false })
}

/// A message as the application has it. `from` says who has sent it.
fn decoded<M: Message + Default>(
    message: connection::Message,
    limit: Option<usize>,
    from: &str,
) -> Result<M, tonic::Status> {
    if message.compressed {
        return Err(Status::from(Fault::EncodingUnknown.with(&[&"gzip"])).into());
    }
    within("decoded", message.bytes.len(), limit.unwrap_or(TONIC_LIMIT))?;
    let undecodable = |error| Status::from(Fault::MessageUndecodable.with(&[&from, &error])).into();
    M::decode(message.bytes).map_err(undecodable)
}

fn missing(from: &str) -> tonic::Status {
    Status::from(Fault::MessageMissing.with(&[&from])).into()
}

fn surplus(from: &str) -> tonic::Status {
    Status::from(Fault::MessageSurplus.with(&[&from])).into()
}

/// The limits of tonic's stubs, in tonic's words.
fn within(which: &str, found: usize, limit: usize) -> Result<(), tonic::Status> {
    if found <= limit {
        return Ok(());
    }
    let text =
        format!("Error, {which} message length too large: found {found} bytes, the limit is: {limit} bytes");
    Err(tonic::Status::out_of_range(text))
}
