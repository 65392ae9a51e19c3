//! The blocking channel: threads that read their own answers, and those of others.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use common::{Over, Pair, SOON, ask, order};
use samehost::Code;
use samehost::blocking::{Call, CallOptions, Channel};
use samehost_test_stubs::{Answer, Ask, Order};

const SAY: &str = "samehost.test.v1.Echo/Say";
const COLLECT: &str = "samehost.test.v1.Echo/Collect";
const REPEAT: &str = "samehost.test.v1.Echo/Repeat";
const CHAT: &str = "samehost.test.v1.Echo/Chat";

/// A server on a runtime of its own.
struct Served {
    pair: Pair,
    _runtime: tokio::runtime::Runtime,
}

fn serve(over: Over) -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let pair = runtime.block_on(async { Pair::serve(over) });
    Served { pair, _runtime: runtime }
}

impl Served {
    fn channel(&self) -> Channel {
        Channel::builder(&*self.pair.address).registry(self.pair.registry.clone()).build().unwrap()
    }
}

fn in_time() -> CallOptions {
    CallOptions::new().timeout(SOON)
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn every_kind_of_call_is_answered() {
    for over in [Over::Pair, Over::Unix] {
        let served = serve(over);
        let channel = served.channel();
        for number in 0..20u8 {
            let answer = channel.unary::<_, Answer>(SAY, &ask([number]), &in_time()).unwrap();
            assert_eq!(answer.message.data, [number]);
        }

        let mut collect: Call<Ask, Answer> = channel.call(COLLECT, &in_time());
        for size in 0..100 {
            collect.send(&ask(vec![1; size])).unwrap();
        }
        assert_eq!(collect.finish().unwrap().message.count, 100);

        let request = order(Order { count: 50, bytes: 10, ..Order::default() });
        let mut repeat: Call<Ask, Answer> = channel.server_streaming(REPEAT, &request, &in_time());
        let mut count = 0;
        while let Some(answer) = repeat.next().unwrap() {
            count += 1;
            assert_eq!(answer.count, count);
        }
        assert_eq!(count, 50);

        let mut chat: Call<Ask, Answer> = channel.call(CHAT, &in_time());
        for number in 0..50u8 {
            chat.send(&ask([number])).unwrap();
            assert_eq!(chat.next().unwrap().unwrap().data, [number]);
        }
        chat.half_close();
        assert_eq!(chat.next().unwrap(), None);
    }
}

#[test]
fn a_status_of_the_handler_arrives_with_code_and_text() {
    let served = serve(Over::Pair);
    let request = order(Order { code: 5, text: "no such thing".into(), ..Order::default() });
    let status = served.channel().unary::<_, Answer>(SAY, &request, &in_time()).unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "no such thing"));
}

#[test]
fn headers_come_back_with_order_duplicates_and_binary_values() {
    let served = serve(Over::Pair);
    let mut metadata = samehost::Metadata::new();
    for (key, value) in [("x-a", &b"1"[..]), ("x-b-bin", &[0, 255]), ("x-a", b"2")] {
        metadata.push(key, value).unwrap();
    }
    let options = in_time().metadata(metadata);
    let response = served.channel().unary::<_, Answer>(SAY, &ask("hi"), &options).unwrap();
    let values = |key| {
        response.headers.iter().filter(|pair| pair.0 == key).map(|pair| pair.1.to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(values("x-a"), [b"1", b"2"]);
    assert_eq!(values("x-b-bin"), [vec![0, 255]]);
}

#[test]
fn a_deadline_passes_without_a_timer_and_the_handler_is_dropped() {
    let served = serve(Over::Pair);
    let request = order(Order { wait_millis: u32::MAX, ..Order::default() });
    let options = CallOptions::new().timeout(Duration::from_millis(50));
    let channel = served.channel();
    // Connecting has all the time that it needs.
    channel.unary::<_, Answer>(SAY, &ask("hi"), &in_time()).unwrap();
    let status = channel.unary::<_, Answer>(SAY, &request, &options).unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    // For the answer; or for the handler, where the server was the first to say so.
    assert!(status.message().contains("waiting for the "), "{status}");
    until("the handler is dropped", || served.pair.service.running.load(Ordering::SeqCst) == 0);
}

#[test]
fn another_thread_cancels_a_call_that_waits() {
    let served = serve(Over::Pair);
    let request = order(Order { wait_millis: u32::MAX, ..Order::default() });
    let mut call: Call<Ask, Answer> = served.channel().server_streaming(SAY, &request, &in_time());
    let canceller = call.canceller();
    let waiting = thread::spawn(move || call.next());
    until("the handler runs", || served.pair.service.running.load(Ordering::SeqCst) == 1);
    canceller.cancel("no longer needed");
    let status = waiting.join().unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Cancelled);
    assert!(status.message().ends_with("no longer needed"), "{status}");
    until("the handler is dropped", || served.pair.service.running.load(Ordering::SeqCst) == 0);
}

#[test]
fn no_server_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("none").display());
    let channel = Channel::for_address(&address).unwrap();
    let status = channel.unary::<_, Answer>(SAY, &ask("hi"), &in_time()).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().starts_with(&format!("connecting to {address}: no such file")), "{status}");
}

#[test]
fn both_sides_write_eight_mebibytes_at_once() {
    let served = serve(Over::Unix);
    let data = vec![3; 8 << 20];
    let mut chat: Call<Ask, Answer> = served.channel().call(CHAT, &in_time());
    chat.send(&ask(data.clone())).unwrap();
    chat.send(&ask(data.clone())).unwrap();
    assert_eq!(chat.next().unwrap().unwrap().data, data);
    assert_eq!(chat.next().unwrap().unwrap().data, data);
}

#[test]
fn two_threads_have_one_half_of_a_call_each() {
    let served = serve(Over::Unix);
    let (mut sender, mut receiver) = served.channel().call::<Ask, Answer>(CHAT, &in_time()).split();
    let sending = thread::spawn(move || {
        for number in 0..500u32 {
            sender.send(&ask(vec![number as u8; 2000])).unwrap();
        }
        sender.half_close();
    });
    for number in 0..500u32 {
        assert_eq!(receiver.next().unwrap().unwrap().data, vec![number as u8; 2000]);
    }
    assert_eq!(receiver.next().unwrap(), None);
    sending.join().unwrap();
}

#[test]
fn an_unread_stream_holds_no_other_call_up() {
    let served = serve(Over::Unix);
    let channel = served.channel();
    let request = order(Order { count: 10_000, bytes: 10_000, ..Order::default() });
    let mut unread: Call<Ask, Answer> = channel.server_streaming(REPEAT, &request, &in_time());
    unread.next().unwrap().unwrap();
    for number in 0..200u8 {
        let answer = channel.unary::<_, Answer>(SAY, &ask([number]), &in_time()).unwrap();
        assert_eq!(answer.message.data, [number]);
    }
    assert_eq!(unread.next().unwrap().unwrap().count, 2);
}

#[test]
fn the_server_restarts_under_an_idle_channel() {
    let served = serve(Over::Unix);
    let channel = served.channel();
    channel.unary::<_, Answer>(SAY, &ask("1"), &in_time()).unwrap();
    let Served { pair, _runtime: runtime } = served;
    let address = pair.address.clone();
    pair.server.shutdown_now();
    runtime.block_on(pair.server.terminated()).unwrap();
    let service = samehost_test_stubs::echo_server::EchoServer::new(pair.service.clone());
    let _again = runtime.block_on(async {
        samehost::Server::builder()
            .registry(pair.registry.clone())
            .add_service(service)
            .bind(&address)
            .unwrap()
    });
    let answer = channel.unary::<_, Answer>(SAY, &ask("2"), &in_time()).unwrap();
    assert_eq!(answer.message.data, b"2");
}

/// The test of the reader role: many threads on one connection, some of which leave early.
#[test]
fn a_thousand_calls_of_many_threads_each_have_their_own_answer() {
    let served = serve(Over::Unix);
    let channel = served.channel();
    let threads: Vec<_> = (0..20u64)
        .map(|thread| {
            let channel = channel.clone();
            thread::spawn(move || {
                let mut seed = thread + 1;
                for round in 0..50u64 {
                    seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    let dice = seed >> 33;
                    let number = (thread << 32 | round).to_le_bytes();
                    let wait_millis = (dice % 5) as u32;
                    let request =
                        Ask { data: number.to_vec(), order: Some(Order { wait_millis, ..Order::default() }) };
                    match dice % 3 {
                        0 => {
                            let options = CallOptions::new().timeout(Duration::from_micros(dice % 4000));
                            match channel.unary::<_, Answer>(SAY, &request, &options) {
                                Ok(answer) => assert_eq!(answer.message.data, number),
                                Err(status) => assert_eq!(status.code(), Code::DeadlineExceeded, "{status}"),
                            }
                        }
                        1 => {
                            let mut call: Call<Ask, Answer> =
                                channel.server_streaming(SAY, &request, &in_time());
                            let canceller = call.canceller();
                            let cancelling = thread::spawn(move || canceller.cancel("enough"));
                            match call.next() {
                                Ok(answer) => assert_eq!(answer.unwrap().data, number),
                                Err(status) => assert_eq!(status.code(), Code::Cancelled, "{status}"),
                            }
                            cancelling.join().unwrap();
                        }
                        _ => {
                            let answer = channel.unary::<_, Answer>(SAY, &request, &in_time()).unwrap();
                            assert_eq!(answer.message.data, number);
                        }
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    until("all handlers are over", || served.pair.service.running.load(Ordering::SeqCst) == 0);
}

#[test]
fn a_sender_that_waits_for_room_learns_that_its_call_is_over() {
    for over in [Over::Pair, Over::Unix] {
        let served = serve(over);
        let mut call: Call<Ask, Answer> =
            served.channel().call("samehost.test.v1.Echo/Unknown", &CallOptions::new());
        let calling = thread::spawn(move || {
            // Nobody takes the first message, so the second one waits for room that never comes.
            while call.send(&ask(vec![1; 1 << 20])).is_ok() {}
            call.next()
        });
        until("the sender is told", || calling.is_finished());
        assert_eq!(calling.join().unwrap().unwrap_err().code(), Code::Unimplemented);
    }
}

#[test]
fn who_sends_on_though_the_call_is_over_is_told_so_before_reading_what_came() {
    let served = serve(Over::Unix);
    let mut chat: Call<Ask, Answer> = served.channel().call(CHAT, &in_time());
    for number in 0..3 {
        chat.send(&ask([number])).unwrap();
    }
    let began = Instant::now();
    chat.send(&order(Order { code: 5, text: "no more".into(), ..Order::default() })).unwrap();
    while chat.send(&ask(vec![0; 1 << 20])).is_ok() {}
    assert!(began.elapsed() < SOON / 2, "it has waited for its deadline");
    for number in 0..3 {
        assert_eq!(chat.next().unwrap().unwrap().data, [number]);
    }
    assert_eq!(chat.next().unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_thread_that_waits_for_room_is_told_that_its_call_was_cancelled() {
    let served = serve(Over::Unix);
    let mut chat: Call<Ask, Answer> = served.channel().call(CHAT, &in_time());
    chat.send(&order(Order { wait_millis: u32::MAX, ..Order::default() })).unwrap();
    let (canceller, began) = (chat.canceller(), Instant::now());
    let cancelling = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        canceller.cancel("enough");
    });
    while chat.send(&ask(vec![0; 1 << 20])).is_ok() {}
    assert!(began.elapsed() < SOON / 2, "it has waited for its deadline");
    assert_eq!(chat.next().unwrap_err().code(), Code::Cancelled);
    cancelling.join().unwrap();
}
