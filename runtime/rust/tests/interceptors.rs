//! Interceptors of tonic's, on either side.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use common::{Over, Pair, ask, order, soon};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::other_client::OtherClient;
use samehost_test_stubs::{Order, other_server};
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Request, Status};

#[tokio::test]
async fn an_interceptor_of_the_server_sees_the_peer_and_may_refuse_with_details_and_trailers() {
    let interceptor = |request: Request<()>| {
        let peer = request.extensions().get::<samehost::Peer>().expect("the peer is there");
        assert_eq!(peer.process_id, Some(std::process::id()));
        assert!(peer.user_id.is_some());
        let mut metadata = tonic::metadata::MetadataMap::new();
        metadata.insert("why", "because".parse().unwrap());
        let details = bytes::Bytes::from_static(&[1, 0, 255]);
        Err(tonic::Status::with_details_and_metadata(Code::PermissionDenied, "no", details, metadata))
    };
    let service = other_server::OtherServer::with_interceptor(Named, interceptor);
    let pair = Pair::configured(Over::Unix, |builder| builder.add_service(service));
    let mut client = OtherClient::new(pair.channel());
    let status = soon(client.name(ask("hi"))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::PermissionDenied, "no"));
    assert_eq!(status.details(), [1, 0, 255]);
    assert_eq!(status.metadata().get("why").unwrap(), "because");
    // Other services are beside it, and not concerned.
    soon(pair.client().say(ask("hi"))).await.unwrap();
}

#[derive(Clone)]
struct Named;

#[tonic::async_trait]
impl other_server::Other for Named {
    async fn name(
        &self,
        _: tonic::Request<samehost_test_stubs::Ask>,
    ) -> Result<tonic::Response<samehost_test_stubs::Answer>, tonic::Status> {
        let answer = samehost_test_stubs::Answer { data: b"named".to_vec(), count: 1 };
        Ok(tonic::Response::new(answer))
    }
}

/// A service such as layers of tower are: called only when it is ready, which takes it a while.
#[derive(Clone)]
struct Later<S> {
    inner: S,
    polls: usize,
}

impl<S: NamedService> NamedService for Later<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Service<R>, R> Service<R> for Later<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.polls += 1;
        if self.polls == 1 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        assert!(std::mem::take(&mut self.polls) > 1, "called before it was ready");
        self.inner.call(request)
    }
}

#[tokio::test]
async fn a_service_behind_a_layer_is_called_when_the_layer_is_ready() {
    let service = Later { inner: other_server::OtherServer::new(Named), polls: 0 };
    let pair = Pair::configured(Over::Unix, |builder| builder.add_service(service));
    let mut client = OtherClient::new(Later { inner: pair.channel(), polls: 0 });
    for _ in 0..2 {
        assert_eq!(soon(client.name(ask("hi"))).await.unwrap().into_inner().data, b"named");
    }
}

#[tokio::test]
async fn an_interceptor_of_the_client_adds_metadata() {
    let pair = Pair::serve(Over::Pair);
    let add = |mut request: Request<()>| {
        request.metadata_mut().insert("x-added", "yes".parse().unwrap());
        Ok(request)
    };
    let mut client = EchoClient::with_interceptor(pair.channel(), add);
    let response = soon(client.say(ask("hi"))).await.unwrap();
    assert_eq!(response.metadata().get("x-added").unwrap(), "yes");
}

#[tokio::test]
async fn an_interceptor_of_the_client_that_refuses_keeps_its_call_from_the_server() {
    let pair = Pair::serve(Over::Pair);
    let refuse = |_: Request<()>| -> Result<Request<()>, Status> { Err(Status::unauthenticated("no token")) };
    let mut client = EchoClient::with_interceptor(pair.channel(), refuse);
    let request = order(Order { count: 3, ..Order::default() });
    let status = soon(client.repeat(request)).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "no token"));
    assert_eq!(pair.service.seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_interceptor_of_the_server_that_refuses_keeps_every_kind_of_call_from_its_handler() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let refuse = move |request: Request<()>| {
        counter.fetch_add(1, Ordering::SeqCst);
        match request.metadata().get("token") {
            Some(_) => Ok(request),
            None => Err(Status::unauthenticated("no token")),
        }
    };
    let service = common::Obedient::default();
    let seen = service.seen.clone();
    let echo = samehost_test_stubs::echo_server::EchoServer::with_interceptor(service, refuse);
    let pair = Pair::configured(Over::Unix, |builder| builder.add_service(echo));
    let mut client = pair.client();
    let stream = || tokio_stream::iter([ask("one"), ask("two")]);
    let refusals = [
        soon(client.say(ask("hi"))).await.unwrap_err(),
        soon(client.collect(stream())).await.unwrap_err(),
        soon(client.repeat(order(Order { count: 3, ..Order::default() }))).await.unwrap_err(),
        soon(client.chat(stream())).await.unwrap_err(),
    ];
    for status in refusals {
        assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "no token"));
    }
    assert_eq!((asked.load(Ordering::SeqCst), seen.load(Ordering::SeqCst)), (4, 0));
    let mut allowed = Request::new(ask("hi"));
    allowed.metadata_mut().insert("token", "yes".parse().unwrap());
    assert_eq!(soon(client.say(allowed)).await.unwrap().into_inner().data, b"hi");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn interceptors_of_the_client_run_from_the_outer_to_the_inner_one() {
    let pair = Pair::serve(Over::Pair);
    let add = |value: &'static str| {
        move |mut request: Request<()>| {
            request.metadata_mut().append("x-passed", value.parse().unwrap());
            Ok(request)
        }
    };
    let inner = InterceptedService::new(pair.channel(), add("inner"));
    let mut client = EchoClient::new(InterceptedService::new(inner, add("outer")));
    let response = soon(client.say(ask("hi"))).await.unwrap();
    let passed: Vec<_> = response.metadata().get_all("x-passed").iter().collect();
    assert_eq!(passed, ["outer", "inner"]);
}
