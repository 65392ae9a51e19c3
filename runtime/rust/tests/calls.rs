//! Calls of every kind, by stock tonic stubs.

mod common;

use common::{Over, Pair, ask, order, soon};
use samehost_test_stubs::Order;
use tokio_stream::StreamExt;

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
