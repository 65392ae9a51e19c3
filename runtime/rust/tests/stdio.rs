//! A child that serves on its own standard input and output: this very program, started again.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use common::{Obedient, ask, client, order, soon};
use samehost::transport::Options;
use samehost::{Channel, ChannelBuilder, Server, StdioOptions};
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
async fn a_child_that_sends_back_what_it_is_sent_is_told_to_be_no_server() {
    let channel = Channel::for_address("stdio:cat").unwrap();
    let status = soon(client(channel).say(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let text = "the peer sends back what it is sent, and does not speak samehost";
    assert!(status.message().starts_with("stdio:cat: ") && status.message().contains(text), "{status}");
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

/// A channel whose children note in a file when they started; they exit at once, up to the one of this number.
fn channel_to_the_child_of_number(number: usize, starts: &Path) -> ChannelBuilder {
    let script = "date +%s%N >> \"$0\"; [ $(wc -l < \"$0\") -ge $1 ] || exit 3; shift; exec \"$@\"";
    let program = std::env::current_exe().unwrap();
    let mut arguments: Vec<_> = ["sh", "-c", script].map(Into::into).to_vec();
    arguments.extend([starts.into(), number.to_string().into(), program.into()]);
    arguments.extend(["--exact", "serve_as_a_child", "--nocapture"].map(Into::into));
    let environment = vec![(AS_CHILD.into(), "serves".into())];
    let options = StdioOptions { arguments, environment, ..StdioOptions::default() };
    Channel::builder("stdio:worker").transport_options(Options::new().with(options))
}

/// When the children started, in nanoseconds.
fn starts(file: &Path) -> Vec<u64> {
    std::fs::read_to_string(file).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

#[tokio::test]
async fn calls_that_wait_go_to_the_child_that_serves_at_last_and_the_tries_are_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("starts");
    let channel = channel_to_the_child_of_number(4, &file)
        .wait_for_ready(true)
        .backoff(Duration::from_millis(100), Duration::from_secs(1))
        .build()
        .unwrap();
    let (mut one, mut other) = (client(channel.clone()), client(channel));
    let (one, other) = tokio::join!(soon(one.say(ask("one"))), soon(other.say(ask("other"))));
    assert_eq!(
        (&*one.unwrap().into_inner().data, &*other.unwrap().into_inner().data),
        (&b"one"[..], &b"other"[..])
    );
    let starts = starts(&file);
    assert_eq!(starts.len(), 4, "one child a try, for both calls together");
    // Each wait is longer than the last by 1.6, and at most a fifth shorter than that.
    for (pair, least) in starts.windows(2).zip([80, 128, 204]) {
        assert!(pair[1] - pair[0] >= least * 1_000_000, "at least {least} ms apart: {starts:?}");
    }
}

#[tokio::test]
async fn a_child_that_cannot_serve_is_not_started_again_by_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("starts");
    let long = Duration::from_secs(3600);
    let channel = channel_to_the_child_of_number(9, &file).backoff(long, long).build().unwrap();
    for call in 0..5 {
        let status = soon(client(channel.clone()).say(ask("hi"))).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("exited with status 3 before it said HELLO"), "{status}");
        // Those that were not even tried say so, and when the next one will be.
        let not_tried = "[stdio:worker: so the last try ended. This call was not sent: the next try is in ";
        assert_eq!(status.message().contains(not_tried), call > 0, "{status}");
    }
    assert_eq!(starts(&file).len(), 1);
}

#[tokio::test]
async fn a_child_that_dies_is_followed_by_another_as_often_as_it_takes() {
    let channel = Channel::for_address(&address("serves")).unwrap();
    for _ in 0..3 {
        let dies = order(Order { abort: true, ..Order::default() });
        soon(client(channel.clone()).say(dies)).await.unwrap_err();
        let mut patient = tonic::Request::new(ask("patient"));
        patient.extensions_mut().insert(samehost::WaitForReady(true));
        let answer = soon(client(channel.clone()).say(patient)).await.unwrap();
        assert_eq!(answer.into_inner().data, b"patient");
    }
}
