//! What connections of HTTP/2 leave behind: nothing, and what they tell of calls: what the calls' own sides do. One test
//! alone, as it counts what the process has.
#![cfg(feature = "http2")]

mod common;

use std::io::Write;
use std::os::unix::net::UnixStream;

use common::process::{descriptors, threads};
use common::recording::Recording;
use common::{Obedient, ask, order, soon, until};
use samehost::{Channel, Server};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Endpoint;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

/// A call that is answered, and one that is open when the client goes.
async fn use_client<T>(mut client: EchoClient<T>)
where
    T: tonic::client::GrpcService<tonic::body::Body, Future: Send> + Clone + Send + Sync + 'static,
    T::Error: Into<tonic::codegen::StdError>,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    soon(client.say(ask("hi"))).await.unwrap();
    let request = order(Order { count: 100_000, bytes: 1000, ..Order::default() });
    let mut answers = soon(client.repeat(request)).await.unwrap().into_inner();
    soon(answers.message()).await.unwrap();
}

#[tokio::test]
async fn no_descriptor_or_thread_is_left_of_hundreds_of_connections_and_each_call_has_its_own_spans() {
    let recording = Recording::default();
    tracing::subscriber::set_global_default(recording.subscriber().with(LevelFilter::INFO)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [ours, stock] = ["ours", "stock"].map(|name| format!("unix:{}", folder.path().join(name).display()));
    let service = Obedient::default();
    let incoming = UnixListenerStream::new(UnixListener::bind(&stock[5..]).unwrap());
    let serving = tonic::transport::Server::builder().add_service(EchoServer::new(service.clone()));
    let serving = tokio::spawn(serving.serve_with_incoming(incoming));
    let server = Server::builder().add_service(EchoServer::new(service.clone())).bind(&ours).unwrap();
    let (before, idle) = {
        use_client(EchoClient::new(Endpoint::from_shared(ours.clone()).unwrap().connect_lazy())).await;
        use_client(EchoClient::new(Channel::for_address(&stock).unwrap())).await;
        until("the handlers are dropped", || service.running.load(std::sync::atomic::Ordering::SeqCst) == 0)
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        (descriptors(), threads())
    };
    assert_eq!(idle, ["samehost-accept"]);
    for _ in 0..100 {
        use_client(EchoClient::new(Endpoint::from_shared(ours.clone()).unwrap().connect_lazy())).await;
        use_client(EchoClient::new(Channel::for_address(&stock).unwrap())).await;
    }
    until("the handlers are dropped", || service.running.load(std::sync::atomic::Ordering::SeqCst) == 0)
        .await;
    until("the descriptors are closed", || descriptors() <= before).await;
    until("the threads end", || threads().len() <= idle.len()).await;
    // Two calls of each client, of whom the first ones are stock ones, and so are the servers of the others.
    for name in ["rpc.client", "rpc.server"] {
        assert_eq!(recording.spans(name).len(), 2 * 101, "{name}");
    }
    let mut client = UnixStream::connect(&ours[5..]).unwrap();
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nThis is no frame of HTTP/2.").unwrap();
    let told = || recording.events("a connection of HTTP/2 was closed").len();
    until("its end is told", || told() > 0).await;
    assert_eq!(told(), 1, "and that of nobody else");
    server.shutdown();
    soon(server.terminated()).await.unwrap();
    until("the threads end", || threads().is_empty()).await;
    serving.abort();
}
