//! The spans of calls, as a subscriber of `tracing` is told of them.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use common::recording::{Recording, Told};
use common::{Over, Pair, ask, order, soon, until};
use samehost_test_stubs::{Answer, Order};
use tracing::Instrument;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const CLIENT: &str = "rpc.client";
const SERVER: &str = "rpc.server";

async fn closed(recording: &Recording, name: &str) -> Told {
    until("the span is closed", || recording.spans(name).iter().any(|span| span.closed)).await;
    recording.span(name)
}

#[tokio::test]
async fn each_side_of_a_call_has_one_span_with_the_fields_of_the_conventions() {
    let recording = Recording::default();
    let _listening = tracing::subscriber::set_default(recording.subscriber());
    let pair = Pair::serve(Over::Unix);
    soon(pair.client().say(ask("hi"))).await.unwrap();
    for (name, kind) in [(CLIENT, "client"), (SERVER, "server")] {
        let span = closed(&recording, name).await;
        for (field, value) in [
            ("otel.kind", kind),
            ("otel.name", "samehost.test.v1.Echo/Say"),
            ("rpc.system.name", "grpc"),
            ("rpc.method", "samehost.test.v1.Echo/Say"),
            ("rpc.response.status_code", "OK"),
            ("server.address", &*pair.address),
        ] {
            assert_eq!(span.field(field), Some(value), "{field} of {span:?}");
        }
        assert_eq!((span.field("error.type"), span.field("otel.status_code")), (None, None));
    }
    let server = recording.span(SERVER);
    assert_eq!(server.field("samehost.peer.pid"), Some(&*std::process::id().to_string()));
    assert!(server.field("samehost.peer.uid").is_some());
}

#[tokio::test]
async fn the_span_of_a_client_is_a_child_of_the_callers_and_that_of_a_server_is_a_root() {
    let recording = Recording::default();
    let _listening = tracing::subscriber::set_default(recording.subscriber());
    let pair = Pair::serve(Over::Pair);
    let mut client = pair.client();
    let call = async { client.say(ask("hi")).await };
    soon(call.instrument(tracing::info_span!("caller"))).await.unwrap();
    assert_eq!(closed(&recording, CLIENT).await.parent, Some("caller"));
    assert_eq!(closed(&recording, SERVER).await.parent, None);
}

#[tokio::test]
async fn a_handler_and_a_stream_of_requests_run_in_the_spans_of_their_call() {
    let recording = Recording::default();
    let _listening = tracing::subscriber::set_default(recording.subscriber());
    let pair = Pair::serve(Over::Pair);
    // The first message is there at once, the second one only later, when a task of its own sends.
    let asks = async_stream(["one", "two"]);
    soon(pair.client().collect(asks)).await.unwrap();
    assert_eq!(recording.events("a request is made"), [Some(CLIENT); 2]);
    soon(pair.client().say(ask("hi"))).await.unwrap();
    assert_eq!(recording.events("a handler runs"), [Some(SERVER); 2]);
}

fn async_stream(texts: [&'static str; 2]) -> impl tokio_stream::Stream<Item = samehost_test_stubs::Ask> {
    use tokio_stream::StreamExt;
    tokio_stream::iter(texts).then(|text| async move {
        if text == "two" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        tracing::info!("a request is made");
        ask(text)
    })
}

#[tokio::test]
async fn a_failure_has_its_code_and_is_an_error_for_the_side_that_has_a_part_in_it() {
    for (code, name, of_server) in [(5, "NOT_FOUND", false), (13, "INTERNAL", true)] {
        let recording = Recording::default();
        let _listening = tracing::subscriber::set_default(recording.subscriber());
        let pair = Pair::serve(Over::Pair);
        let request = order(Order { code, text: "not there".into(), ..Order::default() });
        soon(pair.client().say(request)).await.unwrap_err();
        for (side, is_error) in [(CLIENT, true), (SERVER, of_server)] {
            let span = closed(&recording, side).await;
            assert_eq!(span.field("rpc.response.status_code"), Some(name));
            let error = is_error.then_some((name, "ERROR", "not there"));
            let told = span.field("error.type").zip(span.field("otel.status_code"));
            let told = told.zip(span.field("otel.status_description"));
            assert_eq!(told.map(|((kind, code), text)| (kind, code, text)), error, "{span:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_on_both_sides() {
    let recording = Recording::default();
    let _listening = tracing::subscriber::set_default(recording.subscriber());
    let pair = Pair::serve(Over::Pair);
    let mut client = pair.client();
    let request = order(Order { wait_millis: u32::MAX, ..Order::default() });
    let call = async { client.say(request).await };
    tokio::select! {
        _ = call => panic!("nobody answers"),
        () = until("the handler runs", || !recording.events("a handler runs").is_empty()) => {}
    }
    for side in [CLIENT, SERVER] {
        assert_eq!(closed(&recording, side).await.field("rpc.response.status_code"), Some("CANCELLED"));
    }
}

#[tokio::test]
async fn a_deadline_ends_both_spans() {
    let recording = Recording::default();
    let _listening = tracing::subscriber::set_default(recording.subscriber());
    let pair = Pair::serve(Over::Pair);
    let (mut client, mut timeout) = (pair.client(), std::time::Duration::from_millis(100));
    // A busy machine may need more time than that to reach the handler.
    while recording.events("a handler runs").is_empty() {
        let mut request = tonic::Request::new(order(Order { wait_millis: u32::MAX, ..Order::default() }));
        request.set_timeout(timeout);
        timeout *= 2;
        soon(client.say(request)).await.unwrap_err();
    }
    let client = closed(&recording, CLIENT).await;
    assert_eq!(client.field("rpc.response.status_code"), Some("DEADLINE_EXCEEDED"));
    // Whichever comes first there, its own clock or the caller's word.
    let server = closed(&recording, SERVER).await;
    let code = server.field("rpc.response.status_code").unwrap();
    assert!(["DEADLINE_EXCEEDED", "CANCELLED"].contains(&code), "{code}");
}

#[tokio::test]
async fn a_call_of_a_thread_has_a_span_too() {
    let pair = Pair::serve(Over::Unix);
    let channel = samehost::blocking::Channel::builder(&*pair.address).registry(pair.registry.clone());
    let calling = tokio::task::spawn_blocking(move || {
        let recording = Recording::default();
        let _listening = tracing::subscriber::set_default(recording.subscriber());
        let options = samehost::blocking::CallOptions::new().timeout(common::SOON);
        let channel = channel.build().unwrap();
        let _caller = tracing::info_span!("caller").entered();
        channel.unary::<_, Answer>("samehost.test.v1.Echo/Say", &ask("hi"), &options).unwrap();
        recording.span(CLIENT)
    });
    let span = calling.await.unwrap();
    assert_eq!(span.field("rpc.method"), Some("samehost.test.v1.Echo/Say"));
    assert_eq!(span.field("rpc.response.status_code"), Some("OK"));
    assert_eq!((span.parent, span.closed), (Some("caller"), true));
}

#[tokio::test]
async fn nothing_is_made_for_those_who_want_to_hear_less() {
    let recording = Recording::default();
    let _listening = tracing::subscriber::set_default(recording.subscriber().with(LevelFilter::WARN));
    let pair = Pair::serve(Over::Pair);
    soon(pair.client().say(ask("hi"))).await.unwrap();
    assert!(recording.spans(CLIENT).is_empty() && recording.spans(SERVER).is_empty());
}
