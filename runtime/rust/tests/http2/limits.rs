//! Limits of ours hold for stock peers, and what is no gRPC is refused.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use http_body::Body as _;
use samehost::{Medium, Peer};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use samehost_test_stubs::other_client::OtherClient;
use tonic::client::GrpcService;
use tonic::codegen::http;
use tonic::{Code, Request};

use crate::common::{Obedient, ask, order, soon};
use crate::stock::{Ours, Over, Stock};

#[tokio::test]
async fn what_nobody_serves_is_unimplemented_and_named() {
    let ours = Ours::serve(Over::Unix);
    let mut client = OtherClient::new(ours.endpoint().connect_lazy());
    let status = soon(client.name(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.message(), "Method not found: samehost.test.v1.Other/Name");
}

#[tokio::test]
async fn a_request_that_is_no_grpc_is_refused_and_its_connection_lives() {
    let ours = Ours::serve(Over::Unix);
    let mut channel = ours.endpoint().connect().await.unwrap();
    for (method, kind, status) in [
        ("POST", "application/json", http::StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("POST", "application/grpc-web", http::StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("POST", "text/plain", http::StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("GET", "application/grpc", http::StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = http::Request::builder()
            .method(method)
            .uri("http://localhost/samehost.test.v1.Echo/Say")
            .header("content-type", kind)
            .body(tonic::body::Body::empty())
            .unwrap();
        std::future::poll_fn(|cx| GrpcService::<tonic::body::Body>::poll_ready(&mut channel, cx))
            .await
            .unwrap();
        let response = soon(GrpcService::call(&mut channel, request)).await.unwrap();
        assert_eq!(response.status(), status, "{kind}");
        assert!(response.into_body().is_end_stream());
    }
    soon(EchoClient::new(channel).say(ask("alive"))).await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_larger_than_the_server_takes_fails_its_call_by_the_option_that_raises_it() {
    let ours = Ours::configured(Over::Unix, |builder| builder.max_inbound_message_size(100_000));
    let mut client = ours.client();
    for size in [100_100, 8 << 20] {
        let status = soon(client.say(ask(vec![1; size]))).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        let text = "exceeds maximum of 100000 bytes that the server takes. Raise the maximum inbound message size there.";
        assert!(status.message().ends_with(text), "{status}");
    }
    soon(client.say(ask(vec![1; 99_000]))).await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_larger_than_the_client_takes_fails_its_call_by_the_option_that_raises_it() {
    let stock = Stock::serve(Over::Unix).await;
    let channel =
        samehost::Channel::builder(&*stock.address).max_inbound_message_size(100_000).build().unwrap();
    let mut client = EchoClient::new(channel);
    let request = order(Order { count: 2, bytes: 100_100, ..Order::default() });
    let mut answers = soon(client.repeat(request)).await.unwrap().into_inner();
    let status = soon(answers.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    let text = "exceeds maximum of 100000 bytes that the client takes. Raise the maximum inbound message size there.";
    assert!(status.message().ends_with(text), "{status}");
    soon(client.say(ask(vec![1; 99_000]))).await.unwrap();
}

#[tokio::test]
async fn metadata_that_is_larger_than_the_server_takes_fails_its_call() {
    let ours = Ours::configured(Over::Unix, |builder| builder.max_inbound_metadata_size(1000));
    let mut request = Request::new(ask("hi"));
    request.metadata_mut().insert("x-long", "v".repeat(2000).parse().unwrap());
    let status = soon(ours.client().say(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("exceeds maximum of 1000 bytes that the server takes"), "{status}");
}

#[tokio::test]
async fn metadata_fits_by_its_bytes_and_not_by_how_many_there_are() {
    let ours = Ours::serve(Over::Unix);
    let mut request = Request::new(ask("hi"));
    for at in 0..600 {
        let key: tonic::metadata::MetadataKey<_> = format!("k{at:03}").parse().unwrap();
        request.metadata_mut().insert(key, "1".parse().unwrap());
    }
    soon(ours.client().say(request)).await.unwrap();
    let mut request = Request::new(ask("hi"));
    request.metadata_mut().insert("x-long", "v".repeat(30_000).parse().unwrap());
    let status = soon(ours.client().say(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
}

/// Has three calls wait for each other's end.
async fn one_after_another<T>(client: EchoClient<T>, service: &Obedient)
where
    T: GrpcService<tonic::body::Body, Future: Send> + Clone + Send + Sync + 'static,
    T::Error: Into<tonic::codegen::StdError>,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    let mut first = client.clone();
    soon(first.say(ask("settings are there"))).await.unwrap();
    let most = Arc::new(AtomicUsize::new(0));
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let (mut client, most, running) = (client.clone(), most.clone(), service.running.clone());
            tokio::spawn(async move {
                let call = client.say(order(Order { wait_millis: 50, ..Order::default() }));
                let watch = async {
                    loop {
                        most.fetch_max(running.load(SeqCst), SeqCst);
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                };
                tokio::select! { answer = call => answer, () = watch => unreachable!() }
            })
        })
        .collect();
    for call in calls {
        soon(call).await.unwrap().unwrap();
    }
    assert_eq!(most.load(SeqCst), 1);
}

#[tokio::test]
async fn calls_beyond_what_one_client_may_have_open_wait() {
    let ours = Ours::configured(Over::Unix, |builder| builder.max_concurrent_calls(1));
    one_after_another(EchoClient::new(ours.endpoint().connect().await.unwrap()), &ours.service).await;
}

#[tokio::test]
async fn calls_beyond_what_a_stock_server_takes_wait() {
    let stock = Stock::configured(Over::Unix, |server| server.max_concurrent_streams(1)).await;
    one_after_another(stock.client(), &stock.service).await;
}

#[tokio::test]
async fn a_handler_knows_who_calls_and_by_what_and_cannot_call_back() {
    let interceptor = |request: Request<()>| {
        let peer = request.extensions().get::<Peer>().expect("a peer");
        assert_eq!(peer.process_id, Some(std::process::id()));
        assert!(peer.address.starts_with("unix:"));
        let medium = request.extensions().get::<Medium>().expect("a medium");
        assert_eq!(medium.as_str(), "gRPC over HTTP/2");
        let caller = samehost::caller(&request).expect("a caller");
        tokio::spawn(async move {
            let status = soon(EchoClient::new(caller).say(ask("back"))).await.unwrap_err();
            assert_eq!(status.code(), Code::Unimplemented, "{status}");
            assert_eq!(status.message(), "Method not found: samehost.test.v1.Echo/Say");
            REFUSED.fetch_add(1, SeqCst);
        });
        Ok(request)
    };
    static REFUSED: AtomicUsize = AtomicUsize::new(0);
    let service = EchoServer::with_interceptor(Obedient::default(), interceptor);
    let ours = Ours::configured(Over::Unix, |builder| builder.add_service(service));
    let mut client = ours.client();
    soon(client.say(ask("hi"))).await.unwrap();
    crate::common::until("the call back is refused", || REFUSED.load(SeqCst) == 1).await;
}

#[tokio::test]
async fn a_response_says_what_has_carried_it() {
    let stock = Stock::serve(Over::Unix).await;
    let response = soon(stock.client().say(ask("hi"))).await.unwrap();
    assert_eq!(response.extensions().get::<Medium>().unwrap().as_str(), "gRPC over HTTP/2");
}

#[cfg(feature = "blocking")]
#[tokio::test]
async fn threads_call_a_stock_server() {
    let stock = Stock::serve(Over::Tcp).await;
    let address = stock.address.clone();
    let called = tokio::task::spawn_blocking(move || {
        let channel = samehost::blocking::Channel::builder(address).build().unwrap();
        let options = samehost::blocking::CallOptions::new().timeout(crate::common::SOON);
        for gzip in [false, true] {
            let options = if gzip { options.clone().send_compressed() } else { options.clone() };
            let path = "samehost.test.v1.Echo/Say";
            let answer = channel.unary::<_, samehost_test_stubs::Answer>(path, &ask("threads"), &options);
            assert_eq!(answer.unwrap().message.data, b"threads");
        }
    });
    soon(called).await.unwrap();
}
