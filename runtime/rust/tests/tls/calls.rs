//! Calls on every surface, and who makes them.

use std::sync::Arc;
use std::thread;

use samehost::raw::{self, Patience};
use samehost::{ServerTls, Status, blocking};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::{Answer, Order};
use samehost_transport_testkit::Authority;
use tokio_stream::StreamExt;
use tonic::Response;

use crate::common::{SOON, ask, order, soon};
use crate::sides::Secret;

const SAY: &str = "samehost.test.v1.Echo/Say";

/// What the server has seen of this client.
fn shown(response: &Response<Answer>) -> usize {
    response.metadata().get("x-shown").unwrap().to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn each_kind_of_call_and_messages_larger_than_any_buffer() {
    for by_threads in [false, true] {
        let secret = Secret::serve();
        let builder = samehost::Channel::builder(secret.server.address()).tls(secret.trusting());
        let builder = if by_threads { builder.read_by_threads() } else { builder };
        let channel = builder.max_inbound_message_size(64 << 20).build().unwrap();
        let mut client = EchoClient::new(channel).max_decoding_message_size(64 << 20);
        for size in [0, 1, 16 << 10, (16 << 10) + 1, 5 << 20] {
            let sent: Vec<u8> = (0..size).map(|at| (at / 251) as u8).collect();
            let answer = soon(client.say(ask(sent.clone()))).await.unwrap();
            assert!(answer.into_inner().data == sent, "{size}");
        }
        let asks = tokio_stream::iter((0..100).map(|size| ask(vec![1; 100 * size])));
        assert_eq!(soon(client.collect(asks)).await.unwrap().into_inner().count, 100);
        let request = order(Order { count: 100, bytes: 100_000, ..Order::default() });
        let mut answers = soon(client.repeat(request)).await.unwrap().into_inner();
        for count in 1..=100 {
            let answer = soon(answers.message()).await.unwrap().unwrap();
            assert!((answer.count, answer.data.len()) == (count, 100_000));
        }
        assert_eq!(soon(answers.message()).await.unwrap(), None);
        let asks = tokio_stream::iter((0..100u8).map(|number| ask([number])));
        let mut answers = soon(client.chat(asks)).await.unwrap().into_inner();
        for number in 0..100 {
            assert_eq!(soon(answers.next()).await.unwrap().unwrap().data, [number]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_over_one_connection() {
    let secret = Secret::serve();
    let client = secret.stub(secret.trusting());
    let calls = (0..200u8).map(|number| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let sent = vec![number; 20_000];
            assert!(soon(client.say(ask(sent.clone()))).await.unwrap().into_inner().data == sent);
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

#[tokio::test]
async fn a_handler_is_told_the_certificate_of_who_calls() {
    let secret = Secret::mutual();
    let (tls, own) = secret.client();
    let answer = soon(secret.stub(tls).say(ask("hi"))).await.unwrap();
    assert_eq!(shown(&answer), own.der.len());
    let open = Secret::serve();
    let (tls, _) = open.client();
    let answer = soon(open.stub(tls).say(ask("hi"))).await.unwrap();
    assert_eq!(shown(&answer), 0, "of one who was not asked nothing is known");
}

#[test]
fn threads_call_and_read_their_own_answers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let secret = runtime.block_on(async { Secret::mutual() });
    let channel = blocking::Channel::builder(secret.server.address()).tls(secret.client().0).build().unwrap();
    thread::scope(|scope| {
        for number in 0..4u8 {
            let channel = channel.clone();
            scope.spawn(move || {
                let options = blocking::CallOptions::new().timeout(SOON);
                for _ in 0..50 {
                    let answer = channel.unary::<_, Answer>(SAY, &ask([number]), &options).unwrap();
                    assert_eq!(answer.message.data, [number]);
                }
            });
        }
    });
}

#[test]
fn calls_of_bytes_know_their_peers_and_each_address_may_have_credentials_of_its_own() {
    let authority = Authority::new();
    let (own, other) = (authority.issue("server", &["127.0.0.1"]), authority.issue("client", &[]));
    let server = raw::ServerBuilder::default().serve_on_threads(true, Arc::new(|run| run()), |call| {
        let peer = call.peer();
        let shown = peer.certificates.as_ref().map_or(0, |certificates| certificates.own().len());
        let text = format!("{} {shown}", peer.tls);
        let status = Status::new(samehost::Code::Ok, "");
        let _ =
            call.answer(raw::Answer { status, headers: None, message: Some(text.into()), compress: false });
    });
    let tls = ServerTls::new(&own.chain, &own.key).client_ca(authority.pem());
    let secret = server.listen_by_tls("tcp:127.0.0.1:0", tls).unwrap();
    let plain = server.listen("tcp:127.0.0.1:0").unwrap();
    server.start();
    let called = |builder: raw::ChannelBuilder| {
        let channel = builder.build().unwrap();
        let options = raw::CallOptions::default();
        let outcome = channel.unary("/a.B/C", options, "x".into(), Patience::endless()).unwrap();
        assert_eq!(outcome.status.code(), samehost::Code::Ok, "{:?}", outcome.status);
        let peer = channel.peer().unwrap();
        (String::from_utf8(outcome.message.unwrap().to_vec()).unwrap(), peer)
    };
    let tls = samehost::ClientTls::new().ca_certificate(authority.pem()).identity(&other.chain, &other.key);
    let (seen, peer) = called(raw::Channel::builder(secret).tls(tls));
    assert_eq!(seen, format!("true {}", other.der.len()));
    assert_eq!(peer.certificates.unwrap().own(), own.der, "a client knows the server's");
    let (seen, peer) = called(raw::Channel::builder(plain));
    assert_eq!((&*seen, peer.tls), ("false 0", false));
}
