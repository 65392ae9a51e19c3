//! How connections end, and calls with them.

use std::time::Duration;

use crate::common::{soon, until};
use crate::web::{BOTH, HI, JSON, SAY, Web, hi_back, request};

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
