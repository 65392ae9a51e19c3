//! Connections under a channel: made, lost, made again, drained and closed.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Over, Pair, ask, client, order, soon, until};
use samehost::transport::{Address, Connector, Link, LinkError, Listener, Transport};
use samehost::{Channel, ConnectivityState, Options, Registry, Server, UnixOptions, WaitForReady};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_server::EchoServer;
use tokio_stream::StreamExt;
use tonic::{Code, Request};

fn serve_again(pair: &Pair) -> Server {
    let service = EchoServer::new(pair.service.clone());
    Server::builder().registry(pair.registry.clone()).add_service(service).bind(&pair.address).unwrap()
}

#[tokio::test]
async fn a_channel_connects_at_its_first_call_and_tells_its_state() {
    let pair = Pair::serve(Over::Unix);
    let channel = pair.channel();
    assert_eq!(channel.state(), ConnectivityState::Idle);
    soon(client(channel.clone()).say(ask("hi"))).await.unwrap();
    assert_eq!(channel.state(), ConnectivityState::Ready);
    pair.server.shutdown_now();
    assert_eq!(soon(channel.state_changed(ConnectivityState::Ready)).await, ConnectivityState::Idle);
    channel.shutdown();
    assert_eq!(channel.state(), ConnectivityState::Shutdown);
    let status = soon(client(channel).say(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().ends_with("the channel was shut down."), "{status}");
}

#[tokio::test]
async fn a_channel_connects_when_it_is_told_to() {
    let pair = Pair::serve(Over::Pair);
    let channel = pair.channel();
    channel.connect();
    soon(async {
        let mut state = channel.state();
        while state != ConnectivityState::Ready {
            state = channel.state_changed(state).await;
        }
    })
    .await;
}

#[tokio::test]
async fn no_server_fails_a_hasty_call_at_once_and_a_patient_one_waits_for_it() {
    let pair = Pair::serve(Over::Unix);
    pair.server.shutdown_now();
    soon(pair.server.terminated()).await.unwrap();
    let channel = Channel::builder(&*pair.address)
        .registry(pair.registry.clone())
        .backoff(Duration::from_millis(1), Duration::from_millis(20))
        .build()
        .unwrap();
    let status = soon(client(channel.clone()).say(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let text = format!("connecting to {}: no such file", pair.address);
    assert!(status.message().starts_with(&text), "{status}");

    let mut request = Request::new(ask("patient"));
    request.extensions_mut().insert(WaitForReady(true));
    let mut patient = client(channel.clone());
    let waiting = tokio::spawn(async move { patient.say(request).await });
    soon(async {
        while channel.state() != ConnectivityState::TransientFailure {
            channel.state_changed(channel.state()).await;
        }
    })
    .await;
    let _server = serve_again(&pair);
    assert_eq!(soon(waiting).await.unwrap().unwrap().into_inner().data, b"patient");
}

#[tokio::test]
async fn the_server_restarts_under_a_channel() {
    let pair = Pair::serve(Over::Unix);
    let channel = pair.channel();
    for round in 0..5 {
        let server = match round {
            0 => None,
            _ => Some(serve_again(&pair)),
        };
        let server = server.as_ref().unwrap_or(&pair.server);
        soon(client(channel.clone()).say(ask("hi"))).await.unwrap();
        let before = channel.state();
        server.shutdown_now();
        soon(server.terminated()).await.unwrap();
        soon(channel.state_changed(before)).await;
    }
}

#[tokio::test]
async fn a_graceful_shutdown_lets_open_calls_end_and_new_ones_go_elsewhere() {
    let pair = Pair::serve(Over::Unix);
    let channel = pair.channel();
    let (asks, requests) = tokio::sync::mpsc::channel(1);
    asks.send(ask("1")).await.unwrap();
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut answers = soon(client(channel.clone()).chat(requests)).await.unwrap().into_inner();
    assert_eq!(soon(answers.next()).await.unwrap().unwrap().data, b"1");

    pair.server.shutdown();
    let again = serve_again(&pair);
    for _ in 0..20 {
        soon(client(channel.clone()).say(ask("elsewhere"))).await.unwrap();
    }
    asks.send(ask("2")).await.unwrap();
    assert_eq!(soon(answers.next()).await.unwrap().unwrap().data, b"2");
    drop(asks);
    assert!(soon(answers.next()).await.is_none());
    soon(pair.server.terminated()).await.unwrap();
    drop(again);
}

#[tokio::test]
async fn an_immediate_shutdown_fails_open_calls_on_both_sides_and_says_why() {
    let pair = Pair::serve(Over::Unix);
    let mut waiting = pair.client();
    let call =
        tokio::spawn(
            async move { waiting.say(order(Order { wait_millis: u32::MAX, ..Order::default() })).await },
        );
    until("the handler runs", || pair.service.running.load(Ordering::SeqCst) == 1).await;
    pair.server.shutdown_now();
    let status = soon(call).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("the server was shut down"), "{status}");
    pair.idle().await;
    soon(pair.server.terminated()).await.unwrap();
}

#[tokio::test]
async fn a_channel_that_is_shut_down_lets_open_calls_end_or_fails_them() {
    for now in [false, true] {
        let pair = Pair::serve(Over::Unix);
        let channel = pair.channel();
        let mut waiting = client(channel.clone());
        let request = order(Order { wait_millis: 200, ..Order::default() });
        let call = tokio::spawn(async move { waiting.say(request).await });
        until("the handler runs", || pair.service.running.load(Ordering::SeqCst) == 1).await;
        match now {
            false => channel.shutdown(),
            true => channel.shutdown_now(),
        }
        let result = soon(call).await.unwrap();
        match now {
            false => assert!(result.is_ok(), "{result:?}"),
            true => {
                let status = result.unwrap_err();
                assert_eq!(status.code(), Code::Unavailable);
                assert!(status.message().ends_with("the channel was shut down."), "{status}");
            }
        }
        pair.idle().await;
    }
}

#[tokio::test]
async fn a_server_serves_until_its_signal() {
    let pair = Pair::serve(Over::Pair);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let service = EchoServer::new(pair.service.clone());
    let builder = Server::builder().registry(pair.registry.clone()).add_service(service);
    let serving = tokio::spawn(builder.serve_with_shutdown("test-pair:other", async move {
        let _ = stopped.await;
    }));
    let other = Channel::builder("test-pair:other").registry(pair.registry.clone()).wait_for_ready(true);
    soon(client(other.build().unwrap()).say(ask("hi"))).await.unwrap();
    stop.send(()).unwrap();
    soon(serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_live_address_is_in_use() {
    let pair = Pair::serve(Over::Unix);
    let error = Server::builder().bind(&pair.address).err().unwrap();
    assert_eq!(error.code(), samehost::Code::AlreadyExists);
    assert!(error.message().contains("the address is in use"), "{error}");
    soon(pair.client().say(ask("hi"))).await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_before_anything_is_done() {
    for (address, text) in [
        ("/run/app.sock", "address /run/app.sock: it has no scheme."),
        ("smoke:hill", "address smoke:hill: no transport has the scheme smoke; found: "),
    ] {
        let error = Channel::for_address(address).unwrap_err();
        assert_eq!(error.code(), samehost::Code::InvalidArgument);
        assert!(error.message().starts_with(text), "{error}");
        assert!(Server::builder().bind(address).is_err());
    }
}

#[test]
fn a_runtime_that_ends_takes_its_connections_along_and_another_one_makes_new_ones() {
    let serving = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let pair = serving.block_on(async { Pair::serve(Over::Unix) });
    let channel = pair.channel();
    for _ in 0..50 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(soon(client(channel.clone()).say(ask("hi")))).unwrap();
    }
}

#[tokio::test]
async fn a_patience_without_an_end_is_no_mistake() {
    for scheme in ["unix", "shm"] {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{scheme}:{}", folder.path().join("s").display());
        let endless = UnixOptions { hello_timeout: Duration::MAX, ..UnixOptions::default() };
        let options = Options::new().with(endless);
        let service = EchoServer::new(common::Obedient::default());
        let _server =
            Server::builder().transport_options(options.clone()).add_service(service).bind(&address).unwrap();
        for _ in 0..2 {
            let channel = Channel::builder(&*address)
                .transport_options(options.clone())
                .connect_timeout(Duration::MAX)
                .backoff(Duration::MAX, Duration::MAX)
                .build()
                .unwrap();
            soon(client(channel).say(ask("hi"))).await.unwrap();
        }
    }
}

/// A transport of somebody else's, with a mistake in it.
struct Mistaken;

impl Transport for Mistaken {
    fn scheme(&self) -> &'static str {
        "mistaken"
    }

    fn connector(&self, _: &Address, _: &Options) -> Result<Box<dyn Connector>, LinkError> {
        Ok(Box::new(Mistaken))
    }

    fn listener(&self, _: &Address, _: &Options) -> Result<Box<dyn Listener>, LinkError> {
        unimplemented!("nobody listens")
    }
}

impl Connector for Mistaken {
    fn connect(&self, _: Duration) -> Result<Arc<dyn Link>, LinkError> {
        panic!("on purpose")
    }

    fn hello_timeout(&self) -> Duration {
        Duration::ZERO
    }

    fn close(&self) {}
}

#[tokio::test]
async fn a_transport_that_panics_fails_calls_and_keeps_none_waiting() {
    let registry = Registry::new().with(Mistaken);
    let channel = Channel::builder("mistaken:x")
        .registry(registry)
        .backoff(Duration::from_millis(1), Duration::from_millis(1))
        .build()
        .unwrap();
    for _ in 0..3 {
        let status = soon(client(channel.clone()).say(ask("hi"))).await.unwrap_err();
        let text = "connecting to mistaken:x: the transport failed: it has panicked.";
        assert_eq!((status.code(), status.message()), (Code::Unavailable, text));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
