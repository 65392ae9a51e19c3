//! Programs that speak gRPC over HTTP/2, called and served.

use rustix::process::Signal;
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::{Ask, Order};
use tokio_stream::StreamExt;
use tonic::transport::Endpoint;
use tonic::{Code, Request};

use crate::common::{Program, Served, ended, kill, samehost, serve_http2, serving};

const SAY: &str = "samehost.test.v1.Echo/Say";
const CHAT: &str = "samehost.test.v1.Echo/Chat";

#[test]
fn a_stock_server_is_called_and_listed() {
    let served = serve_http2();
    let to = &*served.address;
    assert!(samehost(&["list", to]).well().contains("samehost.test.v1.Echo\n"));
    assert_eq!(samehost(&["call", to, CHAT, "{} {}"]).well(), "{\"count\":\"1\"}\n".repeat(2));
    let tired = samehost(&["call", to, SAY, r#"{"order": {"code": 5, "text": "no keys"}}"#]).failed(64 + 5);
    assert_eq!(tired, "NOT_FOUND: no keys\n  google.rpc.ErrorInfo {\"reason\":\"tired\"}\n");
}

#[test]
fn the_doctor_tells_a_stock_server_from_one_of_samehost() {
    let served = serve_http2();
    let seen = samehost(&["doctor", &served.address]).well();
    for part in [
        "warning  it speaks gRPC over HTTP/2, not the samehost wire",
        "ok       health: SERVING",
        "ok       reflection: grpc.reflection.v1.ServerReflection, ",
    ] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
}

/// Both ends speak HTTP/2, and what is between them is samehost.
#[test]
fn a_stock_client_calls_a_stock_server_through_serve() {
    let served = serve_http2();
    let own = served.address.replace("/s", "/p");
    let (passing, _) = serving(&[&own, "--to", &served.address]);
    served.runtime.block_on(call_all(&own, &served));
    // The one that was given up has ended as well.
    served.idle();
    stop(passing);
}

async fn call_all(own: &str, served: &Served) {
    let channel = Endpoint::from_shared(own.to_owned()).unwrap().connect().await.unwrap();
    let mut client = EchoClient::new(channel);
    let mut request = Request::new(Ask { data: b"hi".to_vec(), order: None });
    request.metadata_mut().insert("x-a", "b".parse().unwrap());
    let response = client.say(request).await.unwrap();
    assert_eq!(response.metadata().get("x-a").unwrap(), "b");
    assert_eq!(response.into_inner().data, b"hi");

    let asks = tokio_stream::iter((0..3).map(|_| Ask::default()));
    let answers: Vec<_> = client.chat(asks).await.unwrap().into_inner().collect().await;
    assert_eq!(answers.len(), 3);

    let order = Order { code: 8, text: "full".to_owned(), ..Order::default() };
    let status = client.say(Ask { data: Vec::new(), order: Some(order) }).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, "full"));
    assert!(!status.details().is_empty());

    let order = Order { wait_millis: u32::MAX, ..Order::default() };
    let waiting = client.say(Ask { data: Vec::new(), order: Some(order) });
    tokio::select! {
        answer = waiting => panic!("{answer:?}"),
        () = async { while !served.runs() { tokio::task::yield_now().await } } => {}
    }
}

fn stop(passing: Program) {
    kill(&passing, Signal::TERM);
    assert_eq!(ended(passing).well(), "");
}
