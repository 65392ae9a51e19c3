//! What connections of HTTP/1.1 leave behind: nothing. One test alone, as it counts what the process has.
#![cfg(feature = "json")]

mod common;
#[path = "json/web.rs"]
#[allow(dead_code)] // it uses a part
mod web;

use common::process::{descriptors, threads};
use common::recording::Recording;
use common::{soon, until};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use web::{HI, JSON, Over, SAY, Web, hi_back, request};

/// All that a connection may come to.
async fn use_it(web: &Web) {
    let large = format!(r#"{{"data":"{}"}}"#, "QUJD".repeat(10_000));
    let mut client = web.client();
    assert_eq!(client.json(SAY, HI).json(), hi_back());
    assert_eq!(client.json(SAY, large).status, 200);
    client.write(request(SAY, &[("content-type", JSON)], r#"{"order":{"waitMillis":4294967295}}"#));
    until("the handler runs", || web.running() == 1).await;
    drop(client);
    let mut parts: Vec<_> = (0..3).map(|_| web.client()).collect();
    parts[0].write("POST /");
    parts[1].write(request(SAY, &[("content-type", JSON), ("content-length", "9999999999")], ""));
    parts[2].write("POST / HTTP/1.1\r\nno header\r\n\r\n");
    assert_eq!(parts[2].answer().status, 400);
    drop(parts);
    until("the handler is dropped", || web.running() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_descriptor_or_thread_is_left_of_hundreds_of_connections_and_a_word_only_of_what_is_no_http() {
    let recording = Recording::default();
    tracing::subscriber::set_global_default(recording.subscriber().with(LevelFilter::INFO)).unwrap();
    let web = Web::serve(Over::Unix);
    until("nothing else is there before the first connection", || threads() == ["samehost-accept"]).await;
    use_it(&web).await;
    // Those who are turned away are given a second.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    until("the first threads end", || threads().len() <= 1).await;
    let before = descriptors();
    for _ in 0..100 {
        use_it(&web).await;
    }
    until("the descriptors are closed", || descriptors() <= before).await;
    until("the threads end", || threads() == ["samehost-accept"]).await;
    let told = recording.events("a connection of HTTP/1.1 was closed").len();
    assert_eq!(
        told,
        2 * 101,
        "of each header that is none, and of each length of two kinds, but of nobody who went"
    );
    web.server.shutdown();
    soon(web.server.terminated()).await.unwrap();
    until("the threads end", || threads().is_empty()).await;
}
