//! Handlers that take long: nobody else on their connection waits for them.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::{Obedient, ask, client, order, soon, until};
use samehost::{Channel, Server};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_server::EchoServer;

/// A call that keeps its thread, or waits for ever, and a hundred and more beside it for a second.
async fn beside(scheme: &str, slow: Order) {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("{scheme}:{}", folder.path().join("s").display());
    let service = Obedient::default();
    let server = Server::builder().add_service(EchoServer::new(service.clone())).bind(&address).unwrap();
    let channel = Channel::for_address(&address).unwrap();
    let mut quick = client(channel.clone());
    soon(quick.say(ask("before"))).await.unwrap();
    let mut slowly = client(channel);
    let ends = slow.block;
    let slow = tokio::spawn(async move { slowly.say(order(slow)).await });
    until("the slow handler runs", || service.running.load(Ordering::SeqCst) == 1).await;
    let (began, mut answered) = (Instant::now(), 0u32);
    while answered < 100 || began.elapsed() < Duration::from_secs(1) {
        soon(quick.say(ask(answered.to_le_bytes()))).await.unwrap();
        answered += 1;
    }
    assert!(!slow.is_finished());
    if ends {
        service.gate.open();
        assert_eq!(soon(slow).await.unwrap().unwrap().into_inner().data, b"data");
    }
    server.shutdown_now();
}

#[tokio::test]
async fn a_task_goes_on_while_another_one_of_its_thread_waits_for_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("shm:{}", folder.path().join("s").display());
    let server = Server::builder().add_service(EchoServer::new(Obedient::default())).bind(&address).unwrap();
    let mut waiting = client(Channel::for_address(&address).unwrap());
    for _ in 0..1000 {
        // The runtime learns that to look for the answer is of use.
        soon(waiting.say(ask("quick"))).await.unwrap();
    }
    let slow = tokio::spawn(async move {
        soon(waiting.say(order(Order { wait_millis: 500, ..Order::default() }))).await.unwrap();
    });
    let mut turns = 0;
    while !slow.is_finished() {
        tokio::task::yield_now().await;
        turns += 1;
    }
    slow.await.unwrap();
    assert!(turns > 1000, "{turns} turns in half a second");
    server.shutdown_now();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_keeps_its_thread_holds_up_no_other_call_of_its_connection() {
    for scheme in ["unix", "shm"] {
        beside(scheme, Order { block: true, ..Order::default() }).await;
    }
}

#[tokio::test]
async fn a_handler_that_waits_holds_up_no_other_call_of_its_connection() {
    for scheme in ["unix", "shm"] {
        beside(scheme, Order { wait_millis: u32::MAX, ..Order::default() }).await;
    }
}
