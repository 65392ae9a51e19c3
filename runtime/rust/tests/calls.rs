//! Calls of every kind, by stock tonic stubs.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use common::{Over, Pair, ask, order, soon};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_client::EchoClient;
use tokio_stream::StreamExt;
use tonic::{Code, Request};

#[tokio::test]
async fn a_unary_call_is_answered() {
    for over in [Over::Pair, Over::Unix] {
        let pair = Pair::serve(over);
        let answer = soon(pair.client().say(ask("hello"))).await.unwrap().into_inner();
        assert_eq!(answer.data, b"hello", "{over:?}");
    }
}

#[tokio::test]
async fn a_client_stream_is_collected() {
    for over in [Over::Pair, Over::Unix] {
        let pair = Pair::serve(over);
        let asks = tokio_stream::iter((0..100).map(|size| ask(vec![1; size])));
        let answer = soon(pair.client().collect(asks)).await.unwrap().into_inner();
        assert_eq!(answer.count, 100);
        assert_eq!(answer.data, 4950u64.to_le_bytes());
    }
}

#[tokio::test]
async fn a_stream_of_requests_arrives_whole_however_much_of_it_is_there_at_once() {
    let pair = Pair::serve(Over::Unix);
    for (at_once, later) in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 0), (3, 2)] {
        let behind = tokio_stream::iter(0..later).then(|size| async move {
            tokio::task::yield_now().await;
            size
        });
        let asks = tokio_stream::iter(0..at_once).chain(behind).map(|size| ask(vec![1; size]));
        let answer = soon(pair.client().collect(asks)).await.unwrap().into_inner();
        assert_eq!(answer.count, (at_once + later) as u64, "{at_once} at once, {later} later");
        let bytes: usize = (0..at_once).chain(0..later).sum();
        assert_eq!(answer.data, (bytes as u64).to_le_bytes());
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_to_be_sent_fails_its_call_alone() {
    let pair = Pair::serve(Over::Unix);
    // Behind an interceptor a call goes tonic's way.
    let client = EchoClient::with_interceptor(pair.channel(), |request: Request<()>| Ok(request));
    let mut client = client.max_encoding_message_size(100);
    let status = soon(client.say(ask(vec![1; 1000]))).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    assert_eq!(soon(client.say(ask("hi"))).await.unwrap().into_inner().data, b"hi");
}

#[tokio::test]
async fn a_server_stream_is_read_to_its_end() {
    for over in [Over::Pair, Over::Unix] {
        let pair = Pair::serve(over);
        let request = order(Order { count: 100, bytes: 10, ..Order::default() });
        let mut answers = soon(pair.client().repeat(request)).await.unwrap().into_inner();
        let mut count = 0;
        while let Some(answer) = soon(answers.message()).await.unwrap() {
            count += 1;
            assert_eq!((answer.count, answer.data.len()), (count, 10));
        }
        assert_eq!(count, 100);
    }
}

#[tokio::test]
async fn a_bidirectional_stream_answers_each_message_before_the_next_is_sent() {
    for over in [Over::Pair, Over::Unix] {
        let pair = Pair::serve(over);
        let (asks, requests) = tokio::sync::mpsc::channel(1);
        let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
        asks.send(ask("0")).await.unwrap();
        let mut answers = soon(pair.client().chat(requests)).await.unwrap().into_inner();
        for number in 0..100 {
            let answer = soon(answers.next()).await.unwrap().unwrap();
            assert_eq!(answer.data, number.to_string().into_bytes());
            asks.send(ask((number + 1).to_string())).await.unwrap();
        }
        drop(asks);
        assert_eq!(soon(answers.next()).await.unwrap().unwrap().data, b"100");
        assert!(soon(answers.next()).await.is_none());
    }
}

#[tokio::test]
async fn metadata_comes_back_with_order_duplicates_and_binary_values() {
    let pair = Pair::serve(Over::Pair);
    let mut request = tonic::Request::new(ask("hi"));
    for value in ["first", "second"] {
        request.metadata_mut().append("x-twice", value.parse().unwrap());
    }
    let bytes = tonic::metadata::MetadataValue::from_bytes(&[0, 1, 255]);
    request.metadata_mut().append_bin("x-raw-bin", bytes.clone());
    let response = soon(pair.client().say(request)).await.unwrap();
    let twice: Vec<_> = response.metadata().get_all("x-twice").iter().collect();
    assert_eq!(twice, ["first", "second"]);
    assert_eq!(response.metadata().get_bin("x-raw-bin"), Some(&bytes));
}

#[tokio::test]
async fn a_status_arrives_with_its_text_in_any_script() {
    let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
    let pair = Pair::serve(Over::Pair);
    let request = order(Order { code: 2, text: text.into(), ..Order::default() });
    let status = soon(pair.client().say(request.clone())).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (tonic::Code::Unknown, text));
    let requests = tokio_stream::iter([ask("first"), request]);
    let mut answers = soon(pair.client().chat(requests)).await.unwrap().into_inner();
    assert_eq!(soon(answers.message()).await.unwrap().unwrap().data, b"first");
    let status = soon(answers.message()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (tonic::Code::Unknown, text));
}

#[tokio::test]
async fn what_nobody_serves_is_unimplemented_and_named() {
    let pair = Pair::serve(Over::Pair);
    let mut client = samehost_test_stubs::other_client::OtherClient::new(pair.channel());
    let status = soon(client.name(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented);
    assert_eq!(status.message(), "Method not found: samehost.test.v1.Other/Name");
    let channel = samehost::blocking::Channel::builder(&*pair.address).registry(pair.registry.clone());
    let unknown = tokio::task::spawn_blocking(move || {
        let options = samehost::blocking::CallOptions::new().timeout(common::SOON);
        channel.build().unwrap().unary::<_, samehost_test_stubs::Answer>(
            "samehost.test.v1.Echo/Gone",
            &ask("hi"),
            &options,
        )
    });
    let status = unknown.await.unwrap().unwrap_err();
    assert_eq!(status.message(), "Method not found: samehost.test.v1.Echo/Gone");
}

#[tokio::test]
async fn a_panic_fails_its_call_alone_and_tells_nothing() {
    let pair = Pair::serve(Over::Pair);
    let mut client = pair.client();
    let status = soon(client.say(order(Order { panic: true, ..Order::default() }))).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unknown);
    assert_eq!(status.message(), "Application error processing RPC");
    assert_eq!(soon(client.say(ask("alive"))).await.unwrap().into_inner().data, b"alive");
}

#[tokio::test]
async fn both_sides_write_eight_mebibytes_at_once() {
    for over in [Over::Pair, Over::Unix] {
        let pair = Pair::serve(over);
        let data = vec![5; 8 << 20];
        let asks = tokio_stream::iter([ask(data.clone()), ask(data.clone()), ask(data.clone())]);
        let mut answers = soon(pair.client().chat(asks)).await.unwrap().into_inner();
        for _ in 0..3 {
            assert!(soon(answers.message()).await.unwrap().unwrap().data == data);
        }
    }
}
