//! What HTTP/1.1 has its clients say, in all its forms, and what it does not allow.

use std::time::Duration;

use crate::web::{BOTH, HI, JSON, Over, SAY, Web, hi_back, request};

fn head(more: &str) -> String {
    format!("POST {SAY} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {JSON}\r\n{more}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_come_byte_by_byte() {
    for over in BOTH {
        let web = Web::serve(over);
        let mut client = web.client();
        for byte in request(SAY, &[("content-type", JSON)], HI) {
            client.write([byte]);
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        assert_eq!(client.answer().json(), hi_back());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_come_in_chunks() {
    let web = Web::serve(Over::Unix);
    let mut client = web.client();
    let (begin, end) = HI.split_at(5);
    client.write(head("transfer-encoding: chunked\r\n"));
    client.write(format!("5\r\n{begin}\r\n"));
    tokio::time::sleep(Duration::from_millis(20)).await;
    client.write(format!("{:x};ext=1\r\n{end}\r\n0\r\nx-after: 1\r\n\r\n", end.len()));
    assert_eq!(client.answer().json(), hi_back());
    assert_eq!(client.json(SAY, HI).json(), hi_back());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_sent_ahead_are_answered_one_by_one_in_their_order() {
    let web = Web::serve(Over::Unix);
    let mut client = web.client();
    let bodies: Vec<_> = [150, 0, 50, 0]
        .iter()
        .map(|millis| {
            format!(
                r#"{{"data":"AAA{}","order":{{"waitMillis":{millis}}}}}"#,
                (b'A' + (millis % 26) as u8) as char
            )
        })
        .collect();
    let all: Vec<_> = bodies.iter().flat_map(|body| request(SAY, &[("content-type", JSON)], body)).collect();
    client.write(all);
    let mut most = 0;
    for body in &bodies {
        most = most.max(web.running());
        let asked: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(client.answer().json()["data"], asked["data"]);
    }
    assert!(most <= 1);
    assert_eq!(web.seen(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_whether_to_go_on_is_told_so_or_why_not() {
    let web = Web::serve(Over::Unix);
    let mut client = web.client();
    client.write(head(&format!("expect: 100-continue\r\ncontent-length: {}\r\n", HI.len())));
    assert_eq!((client.line(), client.line()), ("HTTP/1.1 100 Continue".to_owned(), String::new()));
    client.write(HI);
    assert_eq!(client.answer().json(), hi_back());
    let mut client = web.client();
    client.write(head("expect: 100-continue\r\ncontent-length: 999999999\r\n"));
    client.answer().error(429, "resource_exhausted");
    let mut client = web.client();
    client.write("POST /a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    client.answer().error(404, "unimplemented");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_go_on_or_not_as_their_clients_say() {
    let web = Web::serve(Over::Unix);
    let body = format!("content-length: {}\r\n", HI.len());
    for (version, said, goes_on) in [
        ("1.1", "", true),
        ("1.1", "connection: close\r\n", false),
        ("1.0", "", false),
        ("1.0", "connection: keep-alive\r\n", true),
    ] {
        let mut client = web.client();
        let head = head(&format!("{body}{said}")).replacen("HTTP/1.1", &format!("HTTP/{version}"), 1);
        client.write(head + HI);
        assert_eq!(client.answer().json(), hi_back());
        match goes_on {
            true => assert_eq!(client.json(SAY, HI).json(), hi_back()),
            false => assert!(client.is_closed(), "HTTP/{version} {said}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_told_so_and_harms_nobody() {
    let web = Web::serve(Over::Unix);
    let mut other = web.client();
    assert_eq!(other.json(SAY, HI).json(), hi_back());
    for wrong in [
        "POST /\r\n\r\n".to_owned(),
        "POST / HTTP/7.1\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nno header\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\n: none\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nhost: x\r\na: \x01\r\n\r\n".to_owned(),
        head("content-length: x\r\n"),
        head("content-length: -1\r\n"),
        head("content-length: 2\r\ncontent-length: 3\r\n"),
        head("transfer-encoding: gzip\r\n"),
        head("transfer-encoding: chunked\r\n") + "zz\r\n",
        head("transfer-encoding: chunked\r\n") + "ffffffffffffffffff\r\n",
    ] {
        let mut client = web.client();
        client.write(&wrong);
        assert_eq!(client.answer().status, 400, "{wrong:?}");
        assert!(client.is_closed(), "{wrong:?}");
        assert_eq!(other.json(SAY, HI).json(), hi_back());
    }
    // What does not begin as a request does is not heard.
    for nonsense in ["POST  / HTTP/1.1\r\n\r\n", "GET \x7f\x01\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let mut client = web.client();
        client.write(nonsense);
        assert!(client.is_closed(), "{nonsense:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_cut_anywhere_call_nothing() {
    let web = Web::serve(Over::Unix);
    let whole = request(SAY, &[("content-type", JSON)], HI);
    for at in 0..whole.len() {
        let mut client = web.client();
        client.write(&whole[..at]);
        client.end();
        drop(client);
    }
    crate::common::until("their ends are seen", || web.running() == 0).await;
    assert_eq!(web.client().json(SAY, HI).json(), hi_back());
    assert_eq!(web.seen(), 1);
}
