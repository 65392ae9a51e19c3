//! Stock stubs of tonic on a thread that reads for itself, without a runtime around.
#![cfg(feature = "tonic")]

mod common;

use std::time::{Duration, Instant};

use common::{Over, Pair, ask, order};
use samehost::{Channel, block_on};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_client::EchoClient;
use tokio_stream::StreamExt;

/// A server in a runtime of its own, and a client that has none.
fn with_client(test: impl FnOnce(EchoClient<Channel>)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let inside = runtime.enter();
    let pair = Pair::serve(Over::Unix);
    drop(inside);
    let channel = Channel::builder(&*pair.address).read_by_threads().build().unwrap();
    test(EchoClient::new(channel));
    let _inside = runtime.enter();
    drop(pair);
}

#[test]
fn unary_calls_and_streams_of_answers_need_no_runtime() {
    with_client(|mut client| {
        for _ in 0..100 {
            assert_eq!(block_on(client.say(ask("hi"))).unwrap().into_inner().data, b"hi");
        }
        let request = order(Order { count: 10, ..Order::default() });
        let answers =
            block_on(async { client.repeat(request).await.unwrap().into_inner().collect::<Vec<_>>().await });
        assert_eq!(answers.into_iter().map(Result::unwrap).count(), 10);
    });
}

#[test]
fn a_deadline_ends_the_wait() {
    with_client(|mut client| {
        let mut request = tonic::Request::new(order(Order { wait_millis: u32::MAX, ..Order::default() }));
        request.set_timeout(Duration::from_millis(50));
        let status = block_on(client.say(request)).unwrap_err();
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{status}");
    });
}

#[test]
fn calls_of_many_threads_and_calls_at_once_of_one_have_each_their_own_answer() {
    with_client(|client| {
        std::thread::scope(|scope| {
            for number in 0..8 {
                let mut client = client.clone();
                scope.spawn(move || {
                    for turn in 0..100 {
                        let text = format!("{number} {turn}");
                        assert_eq!(
                            block_on(client.say(ask(text.as_str()))).unwrap().into_inner().data,
                            text.as_bytes()
                        );
                    }
                });
            }
        });
        let (mut one, mut two) = (client.clone(), client);
        let slow = order(Order { wait_millis: 20, ..Order::default() });
        let (slow, quick) = block_on(async { tokio::join!(one.say(slow), two.say(ask("quick"))) });
        assert!(slow.is_ok());
        assert_eq!(quick.unwrap().into_inner().data, b"quick");
    });
}

#[test]
fn a_thread_that_waits_inside_of_a_wait_takes_nothing_from_it() {
    with_client(|client| {
        let (mut outer, mut inner) = (client.clone(), client);
        let answer = block_on(async {
            let slow = outer.say(order(Order { wait_millis: 20, ..Order::default() }));
            let mut slow = std::pin::pin!(slow);
            let began = Instant::now();
            std::future::poll_fn(|cx| {
                // Each poll of the outer one makes a whole call.
                let poll = slow.as_mut().poll(cx);
                assert_eq!(block_on(inner.say(ask("inside"))).unwrap().into_inner().data, b"inside");
                assert!(began.elapsed() < Duration::from_secs(60));
                poll
            })
            .await
        });
        assert!(answer.is_ok());
    });
}
