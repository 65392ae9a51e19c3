//! A child that serves on its own standard input and output: this very program, started again.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::io::Write;

use common::{Obedient, ask, client, order, soon};
use samehost::{Channel, Server};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_server::EchoServer;
use tonic::Code;

const AS_CHILD: &str = "SAMEHOST_TEST_AS_CHILD";

/// The address of this program as a child; what the test harness prints before the preface is noise.
fn address(kind: &str) -> String {
    let program = std::env::current_exe().unwrap();
    format!("stdio:env {AS_CHILD}={kind} '{}' --exact serve_as_a_child --nocapture", program.display())
}

/// Serves where this program was started as a child, and does nothing otherwise.
#[test]
fn serve_as_a_child() {
    let Ok(kind) = std::env::var(AS_CHILD) else { return };
    if kind == "dies" {
        std::io::stderr().write_all(b"no worker to be had\n").unwrap();
        std::process::exit(3);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = EchoServer::new(Obedient::default()).max_decoding_message_size(64 << 20);
    runtime.block_on(Server::builder().add_service(service).serve("stdio:")).unwrap();
    // The end of the host is an orderly end.
    std::process::exit(0);
}

#[tokio::test]
async fn a_child_answers_calls() {
    let channel = Channel::for_address(&address("serves")).unwrap();
    for number in 0..20u8 {
        let answer = soon(client(channel.clone()).say(ask([number]))).await.unwrap();
        assert_eq!(answer.into_inner().data, [number]);
    }
    let data = vec![1; 8 << 20];
    let asks = tokio_stream::iter([ask(data.clone()), ask(data.clone())]);
    let mut answers = soon(client(channel).chat(asks)).await.unwrap().into_inner();
    for _ in 0..2 {
        assert!(soon(answers.message()).await.unwrap().unwrap().data == data);
    }
}

#[test]
fn a_child_answers_threads() {
    use samehost::blocking::{CallOptions, Channel};
    let channel = Channel::for_address(&address("serves")).unwrap();
    let options = CallOptions::new().timeout(common::SOON);
    for number in 0..20u8 {
        let answer = channel.unary::<_, samehost_test_stubs::Answer>(
            "samehost.test.v1.Echo/Say",
            &ask([number]),
            &options,
        );
        assert_eq!(answer.unwrap().message.data, [number]);
    }
}

#[tokio::test]
async fn a_child_that_dies_before_its_hello_fails_the_call_with_its_last_words() {
    let channel = Channel::for_address(&address("dies")).unwrap();
    let status = soon(client(channel).say(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    for part in ["exited with status 3 before it said HELLO", "no worker to be had"] {
        assert!(status.message().contains(part), "{status}");
    }
}

#[tokio::test]
async fn a_child_that_dies_in_a_call_fails_it_with_its_end_and_the_next_call_starts_another() {
    let channel = Channel::for_address(&address("serves")).unwrap();
    let dies = order(Order { abort: true, ..Order::default() });
    let status = soon(client(channel.clone()).say(dies)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("was killed by signal 6"), "{status}");
    soon(client(channel).say(ask("another"))).await.unwrap();
}
