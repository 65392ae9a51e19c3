//! Flow control of a pair: credit, readiness, turns, the bound of the outbound queue.

use samehost_transport_api::Code;

use super::super::*;
use super::pair::*;
use crate::wire::{FrameReader, FrameType, MetadataBlock, PREFACE};

const MIB: usize = 1 << 20;

/// A pair with so much credit a stream, and a stream on which the server has sent its headers.
fn streaming(initial_credit: u32) -> (Pair, StreamId) {
    let mut pair = Pair::with(|settings| settings.hello.initial_credit = initial_credit);
    let stream = pair.open();
    pair.server.connection.send_headers(stream, MetadataBlock::new()).expect("in order");
    pair.drive();
    assert_eq!(pair.client.event(), format!("{stream} headers"));
    (pair, stream)
}

#[test]
fn an_unread_stream_holds_up_nobody_else() {
    let (mut pair, unread) = streaming(4096);
    for _ in 0..100 {
        pair.server.send(unread, &[0; 1000]);
    }
    pair.drive();
    assert_eq!(pair.client.event(), "-", "nothing was requested");
    for _ in 0..100 {
        let stream = pair.client.open(Some(b"ask"), true);
        pair.client.connection.request(stream, 2);
        pair.drive();
        pair.server.answer(stream, b"answer");
        pair.drive();
        assert_eq!(pair.client.all_events().last(), Some(&format!("{stream} status Ok \"\"")));
    }
    pair.client.connection.request(unread, 100);
    pair.drive();
    assert_eq!(pair.client.all_events().len(), 100, "all of it came in the end");
}

#[test]
fn no_more_than_the_credit_is_under_way_on_a_stream_that_is_not_read() {
    let (mut pair, stream) = streaming(4096);
    for _ in 0..10 {
        pair.server.send(stream, &[0; 1000]);
    }
    pair.server.send(stream, b"");
    let mut received = 0;
    while !pair.server.connection.outbound().is_empty() {
        let output = pair.server.output();
        received += output.len();
        pair.client.connection.receive(&output);
    }
    assert_eq!(received, 4096, "16 and the bytes of each piece, which is what frames take");
    pair.client.connection.request(stream, 11);
    pair.drive();
    assert_eq!(pair.client.all_events().len(), 11);
}

#[test]
fn a_message_larger_than_the_credit_passes_once_it_is_requested() {
    let (mut pair, stream) = streaming(1024);
    pair.server.send(stream, &vec![7; 3 * MIB]);
    pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
    pair.drive();
    assert_eq!(pair.client.event(), "-");
    pair.client.connection.request(stream, 1);
    pair.step = 1 << 20;
    pair.drive();
    assert_eq!(
        pair.client.all_events(),
        [format!("1 message of {}", 3 * MIB), "1 status Ok \"\"".to_owned()]
    );
}

#[test]
fn requests_count_messages_and_the_next_one_waits() {
    let (mut pair, stream) = streaming(1 << 16);
    for message in [b"1", b"2", b"3"] {
        pair.server.send(stream, message);
    }
    pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
    pair.drive();
    pair.client.connection.request(stream, 2);
    assert_eq!(pair.client.all_events(), ["1 message \"1\"", "1 message \"2\""]);
    pair.client.connection.request(stream, 1);
    assert_eq!(pair.client.all_events(), ["1 message \"3\"", "1 status Ok \"\""]);
}

#[test]
fn credit_comes_back_by_halves_and_not_for_what_was_not_requested() {
    let (mut pair, stream) = streaming(1024);
    pair.server.send(stream, &[0; 400]);
    pair.server.send(stream, &[0; 100]);
    pair.client.connection.receive(&pair.server.output());
    pair.client.connection.request(stream, 1);
    assert_eq!(pair.client.output(), b"", "416 is less than half");
    pair.client.connection.request(stream, 1);
    let credit = pair.client.output();
    assert_eq!(credit, [0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 20, 2, 0, 0], "416 and 116 in one frame");
}

#[test]
fn a_stream_is_ready_until_its_threshold_waits_and_says_when_it_is_again() {
    let (mut pair, stream) = streaming(1024);
    let ready = |pair: &Pair| pair.server.connection.is_ready(stream);
    assert!(ready(&pair));
    pair.server.send(stream, &vec![0; 1008 + (32 << 10) - 17]);
    assert!(ready(&pair), "1008 bytes went out, one less than the threshold waits");
    pair.server.send(stream, b"");
    assert!(!ready(&pair));
    assert_eq!(pair.server.event(), "-");
    pair.client.connection.request(stream, 1);
    pair.drive();
    assert!(ready(&pair));
    assert_eq!(pair.server.all_events(), ["1 ready"]);
}

#[test]
fn a_stream_that_ends_while_it_is_not_ready_never_says_ready() {
    let (mut pair, stream) = streaming(1024);
    pair.server.send(stream, &vec![0; 64 << 10]);
    pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
    assert!(!pair.server.connection.is_ready(stream));
    pair.client.connection.request(stream, 1);
    pair.drive();
    assert_eq!((pair.server.event().as_str(), pair.server.connection.open_streams()), ("-", 0));
}

#[test]
fn the_outbound_queue_is_bounded_and_messages_wait_in_their_streams() {
    let (mut pair, stream) = streaming(i32::MAX as u32);
    for _ in 0..64 {
        pair.server.send(stream, &vec![0; MIB]);
    }
    let most = MIB / 4 + (64 << 10) + 16;
    assert!(pair.server.connection.outbound().len() <= most);
    assert!(!pair.server.connection.is_ready(stream));
    assert!(!pair.server.connection.can_open(), "and no stream is opened");
    pair.client.connection.request(stream, 64);
    pair.step = 100_000;
    while pair.move_to_client() {
        assert!(pair.server.connection.outbound().len() <= most);
        pair.move_to_server();
    }
    assert_eq!(pair.client.all_events().len(), 64);
    assert_eq!(pair.server.events.iter().map(short).collect::<Vec<_>>(), ["1 ready", "can open"]);
}

#[test]
fn a_small_message_passes_a_large_one_of_another_stream() {
    let (mut pair, large) = streaming(i32::MAX as u32);
    let small = pair.open();
    pair.server.connection.send_headers(small, MetadataBlock::new()).expect("in order");
    pair.client.connection.request(large, 1);
    pair.client.connection.request(small, 1);
    pair.server.send(large, &vec![0; 8 * MIB]);
    pair.server.send(small, b"small");
    pair.drive();
    let events = pair.client.all_events();
    assert_eq!(events, ["3 headers", "3 message \"small\"", "1 message of 8388608"]);
}

#[test]
fn streams_take_turns_piece_by_piece() {
    let (mut pair, first) = streaming(i32::MAX as u32);
    let streams = [first, pair.open(), pair.open()];
    for &stream in &streams[1..] {
        pair.server.connection.send_headers(stream, MetadataBlock::new()).expect("in order");
    }
    pair.drive();
    let filler = pair.open();
    pair.server.connection.send_headers(filler, MetadataBlock::new()).expect("in order");
    pair.server.send(filler, &vec![0; MIB / 2]);
    for stream in streams {
        pair.server.send(stream, &vec![0; MIB]);
    }
    pair.server.output();
    pair.server.output();
    let order: Vec<u32> = frames(&pair.server.output()).into_iter().map(|(_, stream)| stream).collect();
    assert_eq!(order, [filler, streams[0], streams[1], streams[2]], "a piece each");
}

#[test]
fn pings_are_answered_while_a_bulk_transfer_fills_the_queue() {
    let (mut pair, stream) = streaming(i32::MAX as u32);
    pair.server.send(stream, &vec![0; 4 * MIB]);
    for _ in 0..1000 {
        pair.client.connection.ping(*b"12345678");
    }
    while pair.move_to_server() {}
    assert_eq!(pair.server.event(), "-", "no LIMIT_EXCEEDED");
    pair.drive();
    assert_eq!(pair.client.all_events().len(), 1000);
}

#[test]
fn a_peer_that_asks_and_never_reads_loses_its_connection() {
    let mut pair = Pair::usual();
    let mut rounds = 0;
    while pair.server.connection.state() == ConnectionState::Open {
        pair.client.connection.ping(*b"12345678");
        pair.move_to_server();
        rounds += 1;
        assert!(rounds < MIB, "it has to end");
        assert!(pair.server.connection.outbound().len() <= MIB + 100, "bounded");
    }
    assert!(rounds >= MIB / 24, "only when the whole bound is taken");
    pair.client.connection.receive(&pair.server.output());
    assert_eq!(pair.server.all_events(), ["closed Malformed malformed"]);
    assert_eq!(pair.client.all_events().last().expect("events"), "closed GoAway peer_goaway");
}

#[test]
fn a_peer_that_opens_and_resets_in_a_circle_leaves_nothing_behind() {
    let mut pair = Pair::usual();
    for _ in 0..10_000 {
        let stream = pair.client.open(Some(b"x"), false);
        pair.client.connection.reset(stream, Code::Cancelled, "");
        pair.drive();
        pair.server.all_events();
    }
    assert_eq!(pair.server.connection.open_streams(), 0);
    assert!(pair.server.connection.outbound().is_empty());
}

#[test]
fn both_sides_write_eight_mebibytes_at_once_and_both_arrive() {
    let (mut pair, stream) = streaming(1 << 18);
    pair.client.connection.request(stream, 8);
    pair.server.connection.request(stream, 8);
    for _ in 0..8 {
        pair.client.send(stream, &vec![1; MIB]);
        pair.server.send(stream, &vec![2; MIB]);
    }
    pair.step = 65_536;
    pair.drive();
    let messages = |events: Vec<String>| events.iter().filter(|event| event.contains("message of")).count();
    assert_eq!((messages(pair.client.all_events()), messages(pair.server.all_events())), (8, 8));
}

/// The types and streams of the frames in these bytes, the last of which may be cut.
fn frames(mut bytes: &[u8]) -> Vec<(FrameType, StreamId)> {
    bytes = bytes.strip_prefix(&PREFACE).unwrap_or(bytes);
    let mut reader = FrameReader::default();
    reader.allow(1 << 24);
    std::iter::from_fn(|| reader.next(&mut bytes).expect("well-formed"))
        .map(|frame| (FrameType::from_number(frame.header.type_number).expect("known"), frame.header.stream))
        .collect()
}
