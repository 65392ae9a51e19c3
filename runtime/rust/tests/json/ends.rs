//! How connections end, and calls with them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::common::{soon, until};
use crate::web::{BOTH, HI, JSON, Over, SAY, Web, hi_back, request};

const FOR_EVER: &str = r#"{"order":{"waitMillis":4294967295}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_cancels_its_call_and_one_that_ends_what_it_says_does_too() {
    for over in BOTH {
        let web = Web::serve(over);
        for half in [false, true] {
            let mut client = web.client();
            client.write(request(SAY, &[("content-type", JSON)], FOR_EVER));
            until("the handler runs", || web.running() == 1).await;
            client.end();
            let kept = half.then_some(client);
            until("the handler is dropped", || web.running() == 0).await;
            drop(kept);
        }
        web.server.shutdown();
        soon(web.server.terminated()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_shuts_down_answers_what_is_open_and_closes_what_is_idle() {
    for over in BOTH {
        let web = Web::serve(over);
        let (mut idle, mut busy) = (web.client(), web.client());
        assert_eq!(idle.json(SAY, HI).json(), hi_back());
        busy.write(request(SAY, &[("content-type", JSON)], r#"{"data":"aGk=","order":{"waitMillis":300}}"#));
        until("the handler runs", || web.running() == 1).await;
        web.server.shutdown();
        assert!(idle.is_closed());
        let answer = busy.answer();
        assert_eq!(answer.json(), hi_back());
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(busy.is_closed());
        soon(web.server.terminated()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_shuts_down_at_once_fails_what_is_open_and_says_so() {
    for over in BOTH {
        let web = Web::serve(over);
        let mut client = web.client();
        client.write(request(SAY, &[("content-type", JSON)], FOR_EVER));
        until("the handler runs", || web.running() == 1).await;
        web.server.shutdown_now();
        let text = client.answer().error(503, "unavailable");
        assert!(text.ends_with(": the server was shut down."), "{text}");
        soon(web.server.terminated()).await.unwrap();
        until("the handler is dropped", || web.running() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_does_not_keep_a_server_from_its_end() {
    for over in BOTH {
        let web = Web::configured(over, |builder| builder.max_inbound_message_size(64 << 20));
        let mut client = web.client();
        let large = format!(r#"{{"data":"{}"}}"#, "QUJD".repeat(4 << 20));
        client.write(request(SAY, &[("content-type", JSON)], large));
        until("the handler has run", || web.seen() == 1 && web.running() == 0).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        web.server.shutdown();
        soon(web.server.terminated()).await.unwrap();
    }
}

/// A client whose answer is many bytes, which it has not begun to read, and how many.
async fn with_much_to_read(web: &Web) -> (UnixStream, usize) {
    let mut client = UnixStream::connect(web.server.address().strip_prefix("unix:").unwrap()).unwrap();
    let large = format!(r#"{{"data":"{}"}}"#, "QUJD".repeat(2 << 20));
    client.write_all(&request(SAY, &[("content-type", JSON)], &large)).unwrap();
    until("the handler has run", || web.seen() == 1 && web.running() == 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    (client, large.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_has_all_of_its_answer_though_the_server_shuts_down() {
    let web = Web::configured(Over::Unix, |builder| builder.max_inbound_message_size(64 << 20));
    let (mut client, bytes) = with_much_to_read(&web).await;
    web.server.shutdown();
    let read = tokio::task::spawn_blocking(move || {
        let (mut all, mut some) = (0, vec![0; 1 << 20]);
        loop {
            let mut filled = 0;
            while filled < some.len() {
                match client.read(&mut some[filled..]).unwrap() {
                    0 => return all + filled,
                    count => filled += count,
                }
            }
            all += filled;
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    assert!(soon(read).await.unwrap() > bytes);
    soon(web.server.terminated()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_for_ever_does_not_keep_a_server_from_ending_at_once() {
    let web = Web::configured(Over::Unix, |builder| builder.max_inbound_message_size(64 << 20));
    let (mut client, _) = with_much_to_read(&web).await;
    web.server.shutdown_now();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    std::thread::spawn(move || {
        // It would take minutes to have all.
        while !stopped.load(SeqCst) && client.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    soon(web.server.terminated()).await.unwrap();
    stop.store(true, SeqCst);
}
