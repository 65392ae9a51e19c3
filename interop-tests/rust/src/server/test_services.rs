//! The services of the tests, as servers serve them, and clients offer them to be called back.

use std::sync::Arc;

use samehost::{ChannelBuilder, ServerBuilder};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};

use super::compression::Compression;
use super::control_service::{self, ControlService};
use super::known_calls::KnownCalls;
use super::test_service::TestService;
use super::told::Told;
use crate::proto::DESCRIPTORS;
use crate::proto::control::control_service_server::ControlServiceServer;
use crate::proto::testing::test_service_server::TestServiceServer;

type Interceptor = fn(Request<()>) -> Result<Request<()>, Status>;

/// The services of the tests, which know each other's calls.
pub(crate) struct TestServices {
    test: Told<Compression<TestServiceServer<TestService>>>,
    control: Told<InterceptedService<ControlServiceServer<ControlService>, Interceptor>>,
}

impl TestServices {
    pub(crate) fn new() -> TestServices {
        let calls = Arc::new(KnownCalls::default());
        let test = TestServiceServer::new(TestService)
            .accept_compressed(Gzip)
            .send_compressed(Gzip)
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        let control = ControlServiceServer::new(ControlService::new(calls.clone()))
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        let control = InterceptedService::new(control, control_service::note_caller as Interceptor);
        TestServices { test: Told::new(Compression(test), calls.clone()), control: Told::new(control, calls) }
    }

    /// Has a server serve them, by JSON as well.
    pub(super) fn served_by(self, server: ServerBuilder) -> ServerBuilder {
        server.add_service(self.test).add_service(self.control).json(DESCRIPTORS)
    }

    /// Has a channel offer them to whoever it connects to.
    pub(crate) fn offered_by(self, channel: ChannelBuilder) -> ChannelBuilder {
        channel.add_service(self.test).add_service(self.control)
    }
}
