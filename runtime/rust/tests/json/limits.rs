//! What is too large, or too slow.

use std::time::{Duration, Instant};

use crate::common::SOON;
use crate::web::{BOTH, Client, HI, JSON, Over, SAY, Web, hi_back, request};

fn head(more: &str) -> String {
    format!("POST {SAY} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {JSON}\r\n{more}\r\n")
}

fn limited(over: Over) -> Web {
    Web::configured(over, |builder| builder.max_inbound_message_size(1000))
}

#[track_caller]
fn too_large(client: &mut Client) {
    let answer = client.answer();
    let text = answer.error(429, "resource_exhausted");
    assert!(text.contains("1000"), "{text}");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_says_that_it_is_too_large_is_refused_before_it_comes() {
    for over in BOTH {
        let web = limited(over);
        let mut client = web.client();
        client.write(head("content-length: 1001\r\n"));
        too_large(&mut client);
        assert_eq!(web.client().json(SAY, format!("{HI}{}", " ".repeat(1000 - HI.len()))).json(), hi_back());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_chunks_is_refused_when_it_becomes_too_large() {
    for over in BOTH {
        let web = limited(over);
        let mut client = web.client();
        client.write(head("transfer-encoding: chunked\r\n"));
        for _ in 0..6 {
            client.write(format!("c8\r\n{}\r\n", "x".repeat(200)));
        }
        too_large(&mut client);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_on_reads_why_it_was_refused() {
    for over in BOTH {
        let web = limited(over);
        let mut client = web.client();
        client.write(head("content-length: 400000\r\n"));
        client.write(vec![b'x'; 400_000]);
        let answer = client.answer();
        answer.error(429, "resource_exhausted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_unpacks_to_more_than_the_limit_is_refused() {
    use std::io::Write;
    let web = limited(Over::Unix);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&[b' '; 1001]).unwrap();
    let bomb = encoder.finish().unwrap();
    let answer = web.client().post(SAY, &[("content-type", JSON), ("content-encoding", "gzip")], bomb);
    assert!(answer.error(429, "resource_exhausted").contains("1000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused_and_one_that_fits_is_not() {
    let web = Web::serve(Over::Unix);
    for (bytes, fits) in [(7000, true), (16_000, false), (200_000, false)] {
        let mut client = web.client();
        // So that the metadata itself fits.
        let parts: Vec<_> = (0..).map(|at| format!("accept-{at}")).take(bytes / 1000).collect();
        let value = "v".repeat(985);
        let headers: Vec<_> = parts.iter().map(|name| (&**name, &*value)).collect();
        let headers = [&[("content-type", JSON)], &headers[..]].concat();
        client.write(request(SAY, &headers, HI));
        let answer = client.answer();
        assert_eq!(answer.status, if fits { 200 } else { 431 }, "{bytes}");
        assert!(fits || client.is_closed());
    }
    // What fits into a head may be more than the metadata that the server takes.
    let value = "v".repeat(9000);
    let answer = web.client().post(SAY, &[("content-type", JSON), ("x-long", &value)], HI);
    answer.error(429, "resource_exhausted");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_may_be_as_many_as_fit_into_a_head() {
    let web = Web::serve(Over::Unix);
    let names: Vec<_> = (0..400).map(|at| format!("x-{at}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (&**name, "1")).collect();
    let answer = web.client().post(SAY, &[&[("content-type", JSON)], &headers[..]].concat(), HI);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-399"), Some("1"));
}

/// How long after this a connection lasts on which nothing more is said.
async fn lasts(mut client: Client, began: Instant) -> Duration {
    let closed = tokio::task::spawn_blocking(move || client.is_closed());
    assert!(tokio::time::timeout(SOON, closed).await.unwrap().unwrap());
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_that_do_not_come_have_their_connections_closed_and_idle_ones_stay() {
    let web = Web::serve(Over::Unix);
    let mut idle = web.client();
    assert_eq!(idle.json(SAY, HI).json(), hi_back());
    let began = Instant::now();
    let mut parts = [web.client(), web.client(), web.client()];
    parts[0].write("POST /a");
    parts[1].write(head("content-length: 100\r\n") + "{");
    assert_eq!(parts[2].json(SAY, HI).json(), hi_back());
    parts[2].write("P");
    for lasted in parts.map(|client| tokio::spawn(lasts(client, began))) {
        let lasted = lasted.await.unwrap();
        assert!((4..20).contains(&lasted.as_secs()), "{lasted:?}");
    }
    assert_eq!(idle.json(SAY, HI).json(), hi_back());
    assert_eq!(web.seen(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_take_longer_than_a_head_and_a_body_that_comes_slowly_is_read() {
    let web = Web::serve(Over::Unix);
    let mut slow = web.client();
    slow.write(head(&format!("content-length: {}\r\n", HI.len())));
    let mut long = web.client();
    long.write(request(SAY, &[("content-type", JSON)], r#"{"data":"aGk=","order":{"waitMillis":6500}}"#));
    let (begin, end) = HI.split_at(4);
    for part in [begin, end] {
        tokio::time::sleep(Duration::from_millis(3200)).await;
        slow.write(part);
    }
    assert_eq!(slow.answer().json(), hi_back());
    assert_eq!(long.answer().json(), hi_back());
}
