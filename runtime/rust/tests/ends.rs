//! How calls end before their answer: deadlines, cancellation, limits.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Obedient, Over, Pair, SOON, ask, client, order, soon, until};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use samehost_test_stubs::{Ask, Order};
use tokio_stream::StreamExt;
use tonic::{Code, Request};

fn forever() -> Ask {
    order(Order { wait_millis: u32::MAX, ..Order::default() })
}

async fn runs(pair: &Pair, handlers: usize) {
    until("the handlers run", || pair.service.running.load(Ordering::SeqCst) == handlers).await;
}

#[tokio::test]
async fn a_deadline_reaches_the_handler_and_is_enforced_on_both_sides() {
    let pair = Pair::serve(Over::Unix);
    let mut client = pair.client();
    let mut request = Request::new(ask("hi"));
    request.set_timeout(SOON);
    let response = soon(client.say(request)).await.unwrap();
    let seen = response.metadata().get("seen-timeout").expect("the handler saw it").to_str().unwrap();
    let nanos_digits = seen.len();
    assert!(nanos_digits > 1 && seen.ends_with(['n', 'u', 'm']), "{seen}");

    // On a connection that is there: connecting may take longer than that.
    let mut request = Request::new(forever());
    request.set_timeout(Duration::from_millis(50));
    let status = soon(client.say(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().starts_with("deadline exceeded after "), "{status}");
    // For the answer; or for the handler, where the server was the first to say so.
    assert!(status.message().contains("waiting for the "), "{status}");
    pair.idle().await;
}

#[tokio::test]
async fn a_call_whose_time_is_over_already_is_not_made() {
    for over in [Over::Pair, Over::Unix] {
        let pair = Pair::serve(over);
        let mut client = pair.client();
        client.say(ask("connects")).await.unwrap();
        for _ in 0..50 {
            let mut request = Request::new(ask("late"));
            request.set_timeout(Duration::ZERO);
            let status = soon(client.say(request)).await.unwrap_err();
            assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
        }
        client.say(ask("in time")).await.unwrap();
        assert_eq!(pair.service.seen.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_deadline_also_ends_a_stream_and_a_wait_for_a_connection() {
    let pair = Pair::serve(Over::Pair);
    let (mut chatting, mut timeout, mut answered) = (pair.client(), Duration::from_millis(100), false);
    // A busy machine may need more time than that for one answer.
    while !answered {
        let mut request = Request::new(tokio_stream::iter([ask("hi")]).chain(tokio_stream::pending()));
        request.set_timeout(timeout);
        timeout *= 2;
        let ended = soon(async {
            let mut answers = chatting.chat(request).await?.into_inner();
            while let Some(answer) = answers.message().await? {
                assert_eq!(answer.data, b"hi");
                answered = true;
            }
            Ok::<_, tonic::Status>(())
        });
        assert_eq!(ended.await.unwrap_err().code(), Code::DeadlineExceeded);
    }
    pair.idle().await;

    let nowhere = samehost::Channel::builder("test-pair:nowhere").registry(pair.registry.clone());
    let mut request = Request::new(ask("hi"));
    request.set_timeout(Duration::from_millis(50));
    let status = soon(client(nowhere.wait_for_ready(true).build().unwrap()).say(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let waiting = "waiting for a connection, as the last try failed: connecting to test-pair:nowhere: ";
    assert!(status.message().contains(waiting), "{status}");
}

#[tokio::test]
async fn a_dropped_future_cancels_its_handler() {
    let pair = Pair::serve(Over::Unix);
    let mut client = pair.client();
    let call = tokio::spawn(async move { client.say(forever()).await });
    runs(&pair, 1).await;
    call.abort();
    pair.idle().await;
}

#[tokio::test]
async fn a_dropped_response_stream_cancels_its_handler() {
    let pair = Pair::serve(Over::Unix);
    let asks = tokio_stream::iter([ask("hi")]).chain(tokio_stream::pending());
    let mut answers = soon(pair.client().chat(asks)).await.unwrap().into_inner();
    soon(answers.message()).await.unwrap();
    runs(&pair, 1).await;
    drop(answers);
    pair.idle().await;
}

#[tokio::test]
async fn a_request_stream_that_is_cancelled_is_not_taken_for_a_whole_one() {
    let pair = Pair::serve(Over::Unix);
    let (dropped, mut told) = tokio::sync::mpsc::unbounded_channel::<()>();
    struct Tells(tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let tells = Tells(dropped);
    let asks = tokio_stream::iter([ask("a")]).chain(tokio_stream::pending()).map(move |ask: Ask| {
        let _ = &tells;
        ask
    });
    let mut client = pair.client();
    let call = tokio::spawn(async move { client.collect(asks).await });
    runs(&pair, 1).await;
    call.abort();
    pair.idle().await;
    until("the task that reads is told", || pair.service.broken_off.load(Ordering::SeqCst) == 1).await;
    assert_eq!(pair.service.whole.load(Ordering::SeqCst), 0);
    // The stream of requests is dropped as well.
    soon(told.recv()).await.unwrap();
}

#[tokio::test]
async fn a_message_over_the_limit_names_the_option() {
    let pair = Pair::configured(Over::Pair, |builder| builder.max_inbound_message_size(1000));
    let status = soon(pair.client().say(ask(vec![1; 2000]))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("exceeds maximum of 1000 bytes"), "{status}");
    assert!(status.message().to_lowercase().contains("inbound"), "{status}");

    let small = samehost::Channel::builder(&*pair.address)
        .registry(pair.registry.clone())
        .max_inbound_message_size(1000)
        .build()
        .unwrap();
    let request = order(Order { count: 1, bytes: 2000, ..Order::default() });
    let mut answers = soon(client(small.clone()).repeat(request)).await;
    let status = match &mut answers {
        Ok(answers) => soon(answers.get_mut().message()).await.unwrap_err(),
        Err(status) => status.clone(),
    };
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("exceeds maximum of 1000 bytes"), "{status}");
    // The connection lives on.
    soon(client(small).say(ask("hi"))).await.unwrap();
}

#[tokio::test]
async fn over_tcp_a_message_may_have_four_mebibytes_unless_more_is_allowed() {
    const MOST: usize = 8 << 20;
    let serve = |limit: Option<u32>| {
        let service = EchoServer::new(Obedient::default()).max_decoding_message_size(MOST);
        let builder = samehost::Server::builder().add_service(service);
        let builder =
            limit.into_iter().fold(builder, |builder, limit| builder.max_inbound_message_size(limit));
        builder.bind("tcp:127.0.0.1:0").unwrap()
    };
    let client = |server: &samehost::Server, limit: Option<u32>| {
        let builder = samehost::Channel::builder(server.address());
        let builder =
            limit.into_iter().fold(builder, |builder, limit| builder.max_inbound_message_size(limit));
        EchoClient::new(builder.build().unwrap()).max_decoding_message_size(MOST)
    };
    let large = || ask(vec![1; 5 << 20]);
    let (usual, larger) = (serve(None), serve(Some(MOST as u32)));
    let status = soon(client(&usual, Some(MOST as u32)).say(large())).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("exceeds maximum of 4194304 bytes that the server takes"), "{status}");
    let status = soon(client(&larger, None).say(large())).await.unwrap_err();
    assert!(status.message().contains("exceeds maximum of 4194304 bytes that the client takes"), "{status}");
    soon(client(&larger, Some(MOST as u32)).say(large())).await.unwrap();
}

#[tokio::test]
async fn metadata_over_the_limit_fails_its_call_alone() {
    let pair = Pair::serve(Over::Pair);
    let mut client = pair.client();
    let mut request = Request::new(ask("hi"));
    request.metadata_mut().insert("x-large", "a".repeat(20_000).parse().unwrap());
    let status = soon(client.say(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.message().contains("metadata"), "{status}");
    soon(client.say(ask("hi"))).await.unwrap();
}

#[tokio::test]
async fn an_unread_stream_holds_no_other_call_up_and_is_filled_no_further_than_its_credit() {
    let pair = Pair::serve(Over::Unix);
    let channel = pair.channel();
    let request = order(Order { count: 1_000_000, bytes: 10_000, ..Order::default() });
    let mut unread = soon(client(channel.clone()).repeat(request)).await.unwrap().into_inner();
    assert_eq!(soon(unread.message()).await.unwrap().unwrap().count, 1);
    for _ in 0..100 {
        soon(client(channel.clone()).say(ask("hi"))).await.unwrap();
    }
    assert_eq!(soon(unread.message()).await.unwrap().unwrap().count, 2);
}

#[tokio::test]
async fn a_request_stream_is_polled_only_as_there_is_room() {
    let pair = Pair::serve(Over::Unix);
    let polled = Arc::new(AtomicUsize::new(0));
    let counts = polled.clone();
    // The handler waits at the first message and reads no other.
    let asks = tokio_stream::iter(0..).map(move |number: u32| {
        counts.fetch_add(1, Ordering::SeqCst);
        let wait_millis = if number == 0 { u32::MAX } else { 0 };
        Ask { data: vec![0; 10_000], order: Some(Order { wait_millis, ..Order::default() }) }
    });
    let mut client = pair.client();
    let call = tokio::spawn(async move { client.collect(asks).await });
    runs(&pair, 1).await;
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    // The credit of 1 MiB, the buffers of both sides, and tonic's own.
    let polled = polled.load(Ordering::SeqCst);
    assert!((1..300).contains(&polled), "{polled} messages were taken");
    call.abort();
    pair.idle().await;
}

#[tokio::test]
async fn calls_beyond_the_servers_limit_wait_for_their_turn() {
    let pair = Pair::configured(Over::Unix, |builder| builder.max_concurrent_calls(3));
    let channel = pair.channel();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..60u8 {
        let mut client = client(channel.clone());
        calls.spawn(async move {
            let request =
                Ask { data: vec![number], order: Some(Order { wait_millis: 2, ..Order::default() }) };
            assert_eq!(client.say(request).await.unwrap().into_inner().data, [number]);
        });
        if number % 5 == 4 {
            // One that has its turn, or waits for it, goes away.
            let mut client = common::client(channel.clone());
            let gone = tokio::spawn(async move { client.say(forever()).await });
            tokio::task::yield_now().await;
            gone.abort();
        }
    }
    soon(async { while calls.join_next().await.is_some_and(|joined| joined.map(|()| true).unwrap()) {} })
        .await;
    pair.idle().await;
}

async fn storm(over: Over) {
    let pair = Pair::serve(over);
    let channel = pair.channel();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..1000u64 {
        let mut client = client(channel.clone());
        calls.spawn(async move {
            let dice = (number + 1).wrapping_mul(6364136223846793005) >> 33;
            let data = number.to_le_bytes().to_vec();
            let wait_millis = (dice % 20) as u32;
            let mut request = Request::new(Ask {
                data: data.clone(),
                order: Some(Order { wait_millis, ..Order::default() }),
            });
            match dice % 3 {
                0 => request.set_timeout(Duration::from_millis(dice % 25)),
                _ => request.set_timeout(SOON),
            }
            let call = client.say(request);
            if dice % 3 == 1 {
                let _ = tokio::time::timeout(Duration::from_micros(dice % 20_000), call).await;
                return;
            }
            match call.await {
                Ok(answer) => assert_eq!(answer.into_inner().data, data),
                Err(status) => {
                    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
                    assert_eq!(dice % 3, 0);
                }
            }
        });
    }
    soon(async { while calls.join_next().await.is_some_and(|joined| joined.map(|()| true).unwrap()) {} })
        .await;
    pair.idle().await;
}

#[tokio::test]
async fn a_thousand_calls_with_deadlines_and_cancellation_each_have_their_own_answer() {
    storm(Over::Pair).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_are_as_right_on_many_threads() {
    storm(Over::Unix).await;
}
