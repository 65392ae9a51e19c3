//! Streams that have an owner: how long they are kept, and what the owner finds.

use std::task::{Context, Wake, Waker};

use samehost_transport_api::Code;

use super::super::*;
use super::pair::*;
use crate::wire::MetadataBlock;

/// Nobody waits.
fn idle() -> Waiters {
    Waiters::new(None, None)
}

#[test]
fn a_stream_that_is_over_is_kept_until_its_owner_lets_it_go() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.client.connection.own(stream, idle());
    pair.server.connection.reset(stream, Code::Aborted, "enough");
    pair.drive();
    assert_eq!(pair.client.event(), format!("{stream} reset Aborted by Peer"));
    assert!(pair.client.connection.owned(stream).is_some());
    assert!(pair.client.connection.let_go(stream).is_some());
    assert!(pair.client.connection.owned(stream).is_none());
}

#[test]
fn a_stream_without_an_owner_goes_with_its_end() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.server.connection.reset(stream, Code::Aborted, "enough");
    pair.drive();
    pair.client.connection.own(stream, idle());
    let mut arrivals = Arrivals::default();
    pair.client.connection.take_arrivals(stream, &mut arrivals);
    assert!(arrivals.is_empty(), "what it had was forgotten before");
    assert_eq!(
        pair.client.connection.owned_ids().collect::<Vec<_>>(),
        [stream],
        "a late owner is to be told of the end all the same"
    );
}

#[test]
fn an_owner_takes_what_was_told_before_the_connection_ended() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.client.connection.own(stream, idle());
    pair.client.connection.request(stream, 1);
    pair.server.connection.send_headers(stream, MetadataBlock::new()).expect("in order");
    pair.server.send(stream, b"told");
    let output = pair.server.output();
    pair.client.connection.receive(&output);
    assert!(matches!(pair.client.connection.next_event(), Some(Event::Arrived { stream: 1 })));
    pair.client.connection.receive_end();
    let mut arrivals = Arrivals::default();
    pair.client.connection.take_arrivals(stream, &mut arrivals);
    assert!(matches!(arrivals.pop_front(), Some(Arrival::Headers(_))));
    assert!(matches!(arrivals.pop_front(), Some(Arrival::Message(message)) if *message.bytes == *b"told"));
}

#[test]
fn a_stream_that_is_let_go_while_it_is_open_goes_on_to_its_end() {
    let mut pair = Pair::with(|settings| settings.hello.initial_credit = 1024);
    let stream = pair.open();
    pair.server.connection.own(stream, idle());
    pair.server.connection.send_status(stream, None, Some(plain(&[7; 3000])), ok()).expect("in order");
    assert!(pair.server.connection.let_go(stream).is_some());
    pair.client.connection.request(stream, 1);
    pair.drive();
    let events = pair.client.all_events();
    assert_eq!(events, ["1 headers", "1 message of 3000", "1 status Ok \"\""]);
    assert_eq!(pair.server.connection.open_streams(), 0);
}

#[test]
fn whoever_waits_at_a_stream_is_woken_once() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: std::sync::Arc<Self>) {}
    }
    let waker = Waker::from(std::sync::Arc::new(Nobody));
    let cx = Context::from_waker(&waker);
    let (mut waiters, mut wakes) = (idle(), Wakes::new());
    waiters.park_reader(&cx);
    waiters.park_writer(&cx);
    waiters.park_watcher(&cx);
    waiters.wake_reader(&mut wakes);
    assert_eq!(wakes.by_ref().count(), 1, "the reader");
    waiters.wake_all(&mut wakes);
    assert_eq!(wakes.by_ref().count(), 2, "the writer and the watcher");
    waiters.wake_all(&mut wakes);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn what_nobody_has_taken_does_not_keep_a_stream_that_was_let_go() {
    let mut pair = Pair::with(|settings| settings.hello.initial_credit = 1024);
    let stream = pair.open();
    pair.server.connection.own(stream, idle());
    pair.server.connection.request(stream, 1);
    pair.client.send(stream, b"unread");
    let said = pair.client.output();
    pair.server.connection.receive(&said);
    assert!(matches!(pair.server.connection.next_event(), Some(Event::Arrived { .. })), "it is told of");
    // The answer waits for credit, so that the stream goes on.
    pair.server.connection.send_status(stream, None, Some(plain(&[7; 3000])), ok()).expect("in order");
    pair.server.connection.let_go(stream);
    pair.client.connection.request(stream, 1);
    pair.drive();
    assert_eq!(pair.server.connection.open_streams(), 0);
    assert_eq!(pair.server.connection.kept_streams(), 0);
}

#[test]
fn calls_that_are_over_count_where_whoever_serves_them_holds_on_to_too_many() {
    let mut pair = Pair::with(|settings| settings.hello.max_streams = 2);
    let mut last = String::new();
    for _ in 0..3000 {
        let stream = pair.client.open(None, false);
        pair.client.connection.reset(stream, Code::Cancelled, "enough");
        pair.drive();
        last = pair.client.all_events().concat();
        let events = pair.server.all_events();
        if events.is_empty() {
            break;
        }
        assert_eq!(events, [format!("{stream} opened {PATH}"), format!("{stream} reset Cancelled by Peer")]);
        pair.server.connection.own(stream, idle());
    }
    assert_eq!(last, "", "a call that was cancelled before it was refused is told of nothing more");
    let kept: Vec<_> = pair.server.connection.owned_ids().collect();
    assert_eq!(kept.len(), 1024);
    let stream = pair.client.open(None, false);
    pair.drive();
    assert_eq!(pair.client.event(), format!("{stream} reset ResourceExhausted refused by Peer"));
    pair.server.connection.let_go(kept[0]);
    pair.open();
}
