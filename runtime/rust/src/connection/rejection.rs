//! Why something is not taken, or not sent.

use samehost_transport_api::{Code, Fault};

use crate::wire::WireError;

/// What raises the `max_message_bytes` of the receiving side, whose language names the option in its own way.
pub(crate) const MESSAGE_OPTION: &str = "maximum inbound message size";
/// The same of `max_metadata_bytes`.
const METADATA_OPTION: &str = "maximum inbound metadata size";

/// What a call fails with, alone: the connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) text: String,
}

/// Why what the peer sent is not taken.
#[derive(Debug)]
pub(super) enum Rejection {
    /// It breaks a rule: the connection fails.
    Connection(WireError),
    /// It is above a limit: the stream fails.
    Stream(Failure),
}

impl From<WireError> for Rejection {
    fn from(error: WireError) -> Rejection {
        Rejection::Connection(error)
    }
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Rejection {
        Rejection::Stream(failure)
    }
}

/// Which way something goes on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Towards {
    /// From the stream's opener to its acceptor.
    Server,
    /// From the stream's acceptor to its opener.
    Client,
}

impl Towards {
    fn name(self) -> &'static str {
        match self {
            Towards::Server => "server",
            Towards::Client => "client",
        }
    }
}

impl Failure {
    /// The failure of this fault, its placeholders filled in.
    pub(super) fn of(fault: Fault, values: &[&dyn std::fmt::Display]) -> Failure {
        Failure { code: fault.code(), text: fault.text(values) }
    }

    /// Whether a message may go this way, where the receiver takes so many bytes.
    #[inline]
    pub(super) fn check_message(bytes: u64, limit: u32, towards: Towards) -> Result<(), Failure> {
        if bytes <= limit.into() {
            return Ok(());
        }
        Err(Failure::of(Fault::MessageTooLarge, &[&bytes, &limit, &towards.name(), &MESSAGE_OPTION]))
    }

    /// Whether a metadata block may go this way, where the receiver takes so many bytes.
    #[inline]
    pub(super) fn check_metadata(bytes: usize, limit: usize, towards: Towards) -> Result<(), Failure> {
        if bytes <= limit {
            return Ok(());
        }
        Err(Failure::of(Fault::MetadataTooLarge, &[&bytes, &limit, &towards.name(), &METADATA_OPTION]))
    }
}
