//! Unary calls of more than one message, which either side of the generated stubs refuses.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::uri::PathAndQuery;
use samehost::{Channel, Server};
use tokio_stream::Stream;
use tonic::body::Body;
use tonic::server::{NamedService, ServerStreamingService};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

#[allow(missing_docs, clippy::all)]
mod greeter {
    include!("golden/greeter.rs.golden");
}

use greeter::greeter_blocking_client::GreeterBlockingClient;
use greeter::greeter_client::GreeterClient;
use greeter::greeter_server::{Greeter, GreeterServer};
use greeter::{HelloReply, HelloRequest};

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

/// Greets one at a time.
#[derive(Clone)]
struct Greetings;

#[tonic::async_trait]
impl Greeter for Greetings {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(HelloReply { text: request.into_inner().name }))
    }

    type HelloAgainStream = Replies;

    async fn hello_again(&self, _: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn hello_all(&self, _: Request<Streaming<HelloRequest>>) -> Result<Response<HelloReply>, Status> {
        Err(Status::unimplemented(""))
    }

    type HelloEachStream = Replies;

    async fn hello_each(&self, _: Request<Streaming<HelloRequest>>) -> Result<Response<Replies>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// Answers each call twice.
#[derive(Clone)]
struct Twice;

impl NamedService for Twice {
    const NAME: &'static str = "samehost.codegen.v1.Greeter";
}

impl ServerStreamingService<HelloRequest> for Twice {
    type Response = HelloReply;
    type ResponseStream = Replies;
    type Future = std::future::Ready<Result<Response<Replies>, Status>>;

    fn call(&mut self, _: Request<HelloRequest>) -> Self::Future {
        let replies = ["Hello", "again"].map(|text| Ok(HelloReply { text: text.into() }));
        std::future::ready(Ok(Response::new(Box::pin(tokio_stream::iter(replies)))))
    }
}

impl tower_service::Service<http::Request<Body>> for Twice {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async {
            let codec = ProstCodec::<HelloReply, HelloRequest>::default();
            Ok(tonic::server::Grpc::new(codec).server_streaming(Twice, request).await)
        })
    }
}

fn address(folder: &tempfile::TempDir, name: &str) -> String {
    format!("unix:{}", folder.path().join(name).display())
}

/// Calls a unary method with so many messages.
async fn hello(channel: Channel, count: usize) -> Result<HelloReply, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    let asks = tokio_stream::iter(vec![HelloRequest { name: "Ada".into() }; count]);
    let path = PathAndQuery::from_static("/samehost.codegen.v1.Greeter/Hello");
    let codec = ProstCodec::<HelloRequest, HelloReply>::default();
    client.client_streaming(Request::new(asks), path, codec).await.map(Response::into_inner)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Status>, side: &str) {
    let status = result.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(status.message(), format!("the {side} sent more than one message in a unary call."));
}

#[tokio::test]
async fn a_server_refuses_a_request_of_two_messages_alone_and_behind_an_interceptor() {
    let folder = tempfile::tempdir().unwrap();
    let (alone, behind) = (address(&folder, "alone"), address(&folder, "behind"));
    let intercepted = GreeterServer::with_interceptor(Greetings, Ok);
    let _servers = [
        Server::builder().add_service(GreeterServer::new(Greetings)).bind(&alone).unwrap(),
        Server::builder().add_service(intercepted).bind(&behind).unwrap(),
    ];
    for address in [alone, behind] {
        let channel = Channel::for_address(&address).unwrap();
        assert_eq!(hello(channel.clone(), 1).await.unwrap().text, "Ada");
        refused(hello(channel.clone(), 2).await, "client");
        refused(hello(channel, 100).await, "client");
    }
}

#[tokio::test]
async fn a_client_refuses_an_answer_of_two_messages_as_one_for_threads_does() {
    let folder = tempfile::tempdir().unwrap();
    let address = address(&folder, "twice");
    let _server = Server::builder().add_service(Twice).bind(&address).unwrap();
    let channel = Channel::for_address(&address).unwrap();
    refused(GreeterClient::new(channel).hello(HelloRequest::default()).await, "server");
    let called = tokio::task::spawn_blocking(move || {
        let client = GreeterBlockingClient::new(samehost::blocking::Channel::for_address(&address).unwrap());
        client.hello(&HelloRequest::default()).map(|_| ()).map_err(Status::from)
    });
    refused(called.await.unwrap(), "server");
}
