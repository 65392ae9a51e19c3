//! The one coded error.

use std::fmt::{self, Display};

#[cfg(feature = "tonic")]
use samehost_transport_api::Fault;
use samehost_transport_api::{Code, LinkError};

use super::Metadata;
use crate::connection;

const DETAILS: &str = "grpc-status-details-bin";

/// gRPC's status: the outcome of a call, and the one error of this crate. Its message alone lets a
/// person act. It becomes a `tonic::Status` by `into()`.
#[derive(Clone, PartialEq, Eq)]
pub struct Status(connection::Status);

impl Status {
    /// A status of the application's.
    pub fn new(code: Code, message: impl Into<String>) -> Status {
        connection::Status::of(code, message.into()).into()
    }

    /// This status with these trailers.
    #[must_use]
    pub fn with_metadata(self, trailers: Metadata) -> Status {
        Status(self.0.with_trailers(trailers.0))
    }

    /// gRPC's code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What went wrong; empty for nothing.
    pub fn message(&self) -> &str {
        self.0.text()
    }

    /// The trailers that came with it.
    pub fn metadata(&self) -> Metadata {
        Metadata::received(self.0.trailers().clone())
    }

    /// The application's details (a `google.rpc.Status`, as bytes); empty for none.
    pub fn details(&self) -> &[u8] {
        self.0.trailers().get(DETAILS).unwrap_or_default()
    }

    #[cfg(feature = "tonic")]
    pub(crate) fn malformed_body(reason: fmt::Arguments<'_>) -> Status {
        Fault::BodyMalformed.with(&[&reason]).into()
    }

    #[cfg(feature = "tonic")]
    pub(crate) fn inner(&self) -> &connection::Status {
        &self.0
    }
}

impl From<LinkError> for Status {
    fn from(error: LinkError) -> Status {
        Status::new(error.code(), error.to_string())
    }
}

impl From<connection::Status> for Status {
    fn from(status: connection::Status) -> Status {
        Status(status)
    }
}

impl From<Status> for connection::Status {
    fn from(status: Status) -> connection::Status {
        status.0
    }
}

impl Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code(), self.message())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status")
            .field("code", &self.0.code)
            .field("message", &self.0.text())
            .field("metadata", self.0.trailers())
            .finish()
    }
}

impl std::error::Error for Status {}
