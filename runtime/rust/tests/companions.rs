//! Services that others have written, served by this crate and called by clients of their own.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use common::{Obedient, Over, Pair, soon};
use samehost_test_stubs::FILE_DESCRIPTOR_SET;
use samehost_test_stubs::echo_server::EchoServer;
use tonic::Code;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as Told;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

const ECHO: &str = "samehost.test.v1.Echo";

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test]
async fn the_health_of_a_service_is_asked_for_and_watched() {
    for over in [Over::Pair, Over::Unix] {
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_serving::<EchoServer<Obedient>>().await;
        let pair = Pair::configured(over, |builder| builder.add_service(health));
        let mut client = HealthClient::new(pair.channel());

        let answer = soon(client.check(about(ECHO))).await.unwrap().into_inner();
        assert_eq!(answer.status(), Told::Serving);
        let status = soon(client.check(about("nobody"))).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);

        let mut watched = soon(client.watch(about(ECHO))).await.unwrap().into_inner();
        assert_eq!(soon(watched.message()).await.unwrap().unwrap().status(), Told::Serving);
        reporter.set_service_status(ECHO, ServingStatus::NotServing).await;
        assert_eq!(soon(watched.message()).await.unwrap().unwrap().status(), Told::NotServing);
    }
}

#[tokio::test]
async fn a_client_learns_by_reflection_what_is_served() {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .build_v1()
        .unwrap();
    let pair = Pair::configured(Over::Unix, |builder| builder.add_service(reflection));
    let mut client = ServerReflectionClient::new(pair.channel());
    let questions = [
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol(ECHO.to_owned()),
        MessageRequest::FileContainingSymbol("no.such.Thing".to_owned()),
    ];
    let requests = questions
        .map(|question| ServerReflectionRequest { host: String::new(), message_request: Some(question) });
    let mut answers =
        soon(client.server_reflection_info(tokio_stream::iter(requests))).await.unwrap().into_inner();
    let mut next = async || -> Result<ServerReflectionResponse, tonic::Status> {
        Ok(soon(answers.message()).await?.expect("an answer to each question"))
    };

    let Some(MessageResponse::ListServicesResponse(list)) = next().await.unwrap().message_response else {
        panic!("no list of services");
    };
    let names: Vec<_> = list.service.iter().map(|service| &*service.name).collect();
    for name in [ECHO, "samehost.test.v1.Other", "grpc.reflection.v1.ServerReflection"] {
        assert!(names.contains(&name), "{names:?}");
    }

    let Some(MessageResponse::FileDescriptorResponse(files)) = next().await.unwrap().message_response else {
        panic!("no file");
    };
    let [file] = &files.file_descriptor_proto[..] else { panic!("one file has it") };
    let described = String::from_utf8_lossy(file);
    assert!(described.contains("echo.proto") && described.contains("Collect"), "{described}");

    let status = next().await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}
