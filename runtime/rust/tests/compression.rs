//! Compressed messages, by tonic's stubs and services and by the blocking channel. That a message went
//! compressed is seen by the limits: they hold for the bytes on the wire, and what is repeated is small there.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use common::{Obedient, Over, Pair, SOON, ask, order, soon};
use samehost::blocking::{Call, CallOptions};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use samehost_test_stubs::{Answer, Ask, Order};
use tonic::codec::CompressionEncoding::Gzip;

/// The largest message on the wire, and the size of one that must be compressed to pass.
const LIMIT: u32 = 100_000;
const BYTES: usize = 1 << 20;

fn data() -> Vec<u8> {
    vec![42; BYTES]
}

/// A server that takes messages up to the limit, compressed ones too, and compresses its own for who takes them.
fn serve(over: Over) -> Pair {
    let service = EchoServer::new(Obedient::default()).accept_compressed(Gzip).send_compressed(Gzip);
    Pair::configured(over, |builder| builder.max_inbound_message_size(LIMIT).add_service(service))
}

fn client(pair: &Pair) -> EchoClient<samehost::Channel> {
    let channel = samehost::Channel::builder(&*pair.address)
        .registry(pair.registry.clone())
        .max_inbound_message_size(LIMIT);
    common::client(channel.build().unwrap())
}

fn of_threads(pair: &Pair) -> samehost::blocking::Channel {
    samehost::blocking::Channel::builder(&*pair.address)
        .registry(pair.registry.clone())
        .max_inbound_message_size(2 * LIMIT)
        .build()
        .unwrap()
}

#[tokio::test]
async fn messages_of_every_kind_of_call_are_compressed_both_ways_where_both_sides_are_told_to() {
    for over in [Over::Pair, Over::Unix] {
        let pair = serve(over);
        let mut client = client(&pair).accept_compressed(Gzip).send_compressed(Gzip);
        let stream = || tokio_stream::iter([ask(data()), ask("small"), ask(data())]);

        let answer = soon(client.say(ask(data()))).await.unwrap();
        assert!(answer.into_inner().data == data());

        let answer = soon(client.collect(stream())).await.unwrap().into_inner();
        assert_eq!((answer.count, answer.data), (3, (2 * BYTES as u64 + 5).to_le_bytes().to_vec()));

        let request = order(Order { count: 3, bytes: BYTES as u32, ..Order::default() });
        let mut answers = soon(client.repeat(request)).await.unwrap().into_inner();
        for _ in 0..3 {
            assert_eq!(soon(answers.message()).await.unwrap().unwrap().data.len(), BYTES);
        }
        assert_eq!(soon(answers.message()).await.unwrap(), None);

        let mut answers = soon(client.chat(stream())).await.unwrap().into_inner();
        for expected in [data(), b"small".to_vec(), data()] {
            assert!(soon(answers.message()).await.unwrap().unwrap().data == expected);
        }
        assert_eq!(soon(answers.message()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_client_that_was_not_told_to_sends_plain_messages_and_gets_plain_ones() {
    let pair = serve(Over::Pair);
    let status = soon(client(&pair).say(ask(data()))).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("that the server takes"), "{status}");
    let request = order(Order { count: 1, bytes: BYTES as u32, ..Order::default() });
    let mut client = client(&pair).send_compressed(Gzip);
    let first = async { client.repeat(request).await?.into_inner().message().await };
    let status = soon(first).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("that the client takes"), "{status}");
}

#[tokio::test]
async fn a_service_that_takes_no_compressed_messages_says_so() {
    let pair = Pair::serve(Over::Pair);
    let status = soon(pair.client().send_compressed(Gzip).say(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented, "{status}");
    assert!(status.message().contains("gzip"), "{status}");
    soon(pair.client().say(ask("hi"))).await.unwrap();
}

#[tokio::test]
async fn threads_send_and_take_compressed_messages_in_every_kind_of_call() {
    let pair = serve(Over::Unix);
    let channel = of_threads(&pair);
    let calls = tokio::task::spawn_blocking(move || {
        let options = CallOptions::new().timeout(SOON).send_compressed().accept_compressed();
        let path = |method: &str| format!("samehost.test.v1.Echo/{method}");
        let channel = channel;

        let answer = channel.unary::<_, Answer>(&path("Say"), &ask([7; 150_000]), &options).unwrap();
        assert!(answer.message.data == [7; 150_000]);

        let mut collect: Call<Ask, Answer> = channel.call(&path("Collect"), &options);
        for _ in 0..3 {
            collect.send(&ask(data())).unwrap();
        }
        assert_eq!(collect.finish().unwrap().message.count, 3);

        let request = order(Order { count: 3, bytes: 150_000, ..Order::default() });
        let mut repeat: Call<Ask, Answer> = channel.server_streaming(&path("Repeat"), &request, &options);
        for _ in 0..3 {
            assert_eq!(repeat.next().unwrap().unwrap().data.len(), 150_000);
        }
        assert_eq!(repeat.next().unwrap(), None);

        let (mut sender, mut receiver) = channel.call::<Ask, Answer>(&path("Chat"), &options).split();
        for size in [150_000, 5] {
            sender.send(&ask(vec![1; size])).unwrap();
            sender.compress(false);
        }
        sender.half_close();
        for size in [150_000, 5] {
            assert_eq!(receiver.next().unwrap().unwrap().data.len(), size);
        }
    });
    calls.await.unwrap();
}

#[tokio::test]
async fn a_thread_compresses_the_messages_that_it_wants_to() {
    let pair = serve(Over::Unix);
    let channel = of_threads(&pair);
    let calls = tokio::task::spawn_blocking(move || {
        let options = CallOptions::new().timeout(SOON).send_compressed();
        let mut call: Call<Ask, Answer> = channel.call("samehost.test.v1.Echo/Collect", &options);
        call.send(&ask(data())).unwrap();
        call.compress(false);
        call.send(&ask("plain")).unwrap();
        call.compress(true);
        call.send(&ask(data())).unwrap();
        assert_eq!(call.finish().unwrap().message.count, 3);
        // A plain one of this size does not pass: so the others were compressed.
        let mut call: Call<Ask, Answer> = channel.call("samehost.test.v1.Echo/Collect", &options);
        call.compress(false);
        call.send(&ask(data())).unwrap();
        assert_eq!(call.finish().unwrap_err().code(), samehost::Code::ResourceExhausted);
    });
    calls.await.unwrap();
}

#[tokio::test]
async fn a_message_that_unpacks_to_more_than_a_thread_takes_fails_its_call_and_names_the_option() {
    let pair = serve(Over::Unix);
    let channel = of_threads(&pair);
    let calls = tokio::task::spawn_blocking(move || {
        let options = CallOptions::new().timeout(SOON).accept_compressed();
        let request = order(Order { count: 1, bytes: 2 * LIMIT, ..Order::default() });
        let mut call: Call<Ask, Answer> =
            channel.server_streaming("samehost.test.v1.Echo/Repeat", &request, &options);
        let status = call.next().unwrap_err();
        let text = "the decompressed message exceeds maximum of 200000 bytes that the client takes. \
                    Raise the maximum inbound message size there.";
        assert_eq!((status.code(), status.message()), (samehost::Code::ResourceExhausted, text));
    });
    calls.await.unwrap();
}
