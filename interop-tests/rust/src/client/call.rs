//! What one call is made with, and the stubs that make it.

use std::time::Duration;

use samehost::Channel;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use super::Checked;
use super::session::Session;
use crate::proto::control::control_service_client::ControlServiceClient;
use crate::proto::testing::test_service_client::TestServiceClient;
use crate::suite::{Mismatch, Step};

/// Ends a call that would hang, and so its case.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The stub of the standard service; the limits of messages are the channel's alone.
pub(super) fn test_service(channel: &Channel) -> TestServiceClient<Channel> {
    TestServiceClient::new(channel.clone())
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX)
}

/// The stub of the service beside it.
pub(super) fn control_service(channel: &Channel) -> ControlServiceClient<Channel> {
    ControlServiceClient::new(channel.clone())
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX)
}

/// A request with the metadata and the deadline of a step, and a key by which the server is to know the call.
pub(super) fn request<T>(step: &Step, key: Option<&str>, message: T) -> Result<Request<T>, Mismatch> {
    let mut request = Request::new(message);
    *request.metadata_mut() = step.metadata(key)?;
    request.set_timeout(step.deadline_ms.map_or(PATIENCE, Duration::from_millis));
    Ok(request)
}

/// How a call has ended.
pub(super) struct Ended {
    pub(super) status: Status,
    pub(super) headers: MetadataMap,
    pub(super) trailers: MetadataMap,
}

impl Ended {
    /// A call that failed; its status has the trailers, and the headers where there were no others.
    pub(super) fn failed(status: Status) -> Ended {
        Ended { headers: status.metadata().clone(), trailers: status.metadata().clone(), status }
    }

    /// A unary call that succeeded: tonic puts headers and trailers together there.
    pub(super) fn answered<T>(response: &Response<T>) -> Ended {
        let both = response.metadata().clone();
        Ended { status: Status::new(tonic::Code::Ok, ""), headers: both.clone(), trailers: both }
    }

    /// A stream that has ended.
    pub(super) async fn of_stream<T>(
        headers: MetadataMap,
        stream: &mut Streaming<T>,
    ) -> Result<Ended, Mismatch> {
        let trailers = stream.trailers().await?.unwrap_or_default();
        Ok(Ended { status: Status::new(tonic::Code::Ok, ""), headers, trailers })
    }

    /// Checks it against what a step expects.
    pub(super) fn check(&self, step: &Step, session: &Session) -> Checked {
        step.expect.check(&self.status)?;
        step.expect.check_fault(&self.status, session.transport(), &session.address, &session.catalogue)?;
        step.expect.check_metadata(&self.headers, &self.trailers)
    }
}
