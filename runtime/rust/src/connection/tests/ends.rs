//! How streams and connections of a pair end.

use samehost_transport_api::{Code, Fault};

use super::super::*;
use super::pair::*;
use crate::wire::{FrameWriter, GoAwayCode, Hello, MetadataBlock, farewell};

#[test]
fn a_cancelled_call_ends_on_both_sides_and_drops_what_waits() {
    let mut pair = Pair::with(|settings| settings.hello.initial_credit = 1024);
    let stream = pair.open();
    pair.client.send(stream, &[0; 5000]);
    pair.drive();
    pair.client.connection.reset(stream, Code::Cancelled, "no longer needed");
    pair.drive();
    assert_eq!(pair.client.event(), "-", "whoever resets is told nothing");
    assert_eq!(pair.server.all_events(), ["1 reset Cancelled by Peer"]);
    assert_eq!((pair.client.connection.open_streams(), pair.server.connection.open_streams()), (0, 0));
    assert_eq!(pair.client.connection.half_close(stream), Err(StreamError::Gone));
}

#[test]
fn resets_that_cross_end_the_stream_once() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.client.connection.reset(stream, Code::Cancelled, "");
    pair.server.connection.reset(stream, Code::Internal, "");
    pair.drive();
    assert_eq!((pair.client.event(), pair.server.event()), ("-".to_owned(), "-".to_owned()));
    pair.open();
}

#[test]
fn what_crosses_a_reset_is_ignored() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.client.connection.request(stream, 10);
    pair.client.send(stream, b"1");
    pair.client.connection.reset(stream, Code::Cancelled, "");
    pair.server.connection.send_headers(stream, MetadataBlock::new()).expect("in order");
    pair.server.send(stream, b"2");
    pair.server.connection.request(stream, 10);
    pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
    pair.drive();
    assert_eq!(pair.client.event(), "-");
    assert_eq!((pair.server.event().as_str(), pair.server.connection.open_streams()), ("-", 0));
}

#[test]
fn a_refused_call_says_that_nobody_saw_it() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.server.connection.refuse(stream, Code::Unavailable, "busy");
    pair.drive();
    assert_eq!(pair.client.all_events(), ["1 reset Unavailable refused by Peer"]);
}

#[test]
fn a_status_before_the_opener_has_ended_stops_the_opener() {
    let mut pair = Pair::with(|settings| settings.hello.initial_credit = 1024);
    let stream = pair.open();
    pair.client.send(stream, &[0; 5000]);
    pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
    pair.drive();
    assert_eq!(pair.client.all_events(), ["1 status Ok \"\""]);
    assert_eq!(pair.client.connection.send_message(stream, plain(b""), false), Err(StreamError::Gone));
    assert!(!pair.client.connection.is_ready(stream));
}

#[test]
fn a_status_that_waits_is_overtaken_by_a_reset() {
    let mut pair = Pair::with(|settings| settings.hello.initial_credit = 1024);
    let stream = pair.open();
    pair.server.connection.send_status(stream, None, Some(plain(&[0; 5000])), ok()).expect("in order");
    pair.drive();
    assert_eq!(pair.server.event(), "-", "it waits for credit");
    pair.client.connection.reset(stream, Code::DeadlineExceeded, "");
    pair.drive();
    assert_eq!(pair.server.all_events(), ["1 reset DeadlineExceeded by Peer"]);
}

#[test]
fn a_drain_lets_open_streams_finish_and_then_closes_both_sides() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.server.connection.go_away("bye");
    pair.drive();
    assert_eq!(pair.client.all_events(), ["goaway 1 NO_ERROR \"bye\""]);
    let refused = pair.client.connection.open(PATH, &MetadataBlock::new(), None, None, true);
    assert_eq!(refused, Err(OpenError::Over));
    assert_eq!(pair.client.connection.state(), ConnectionState::Draining);
    pair.client.send(stream, b"more");
    pair.server.connection.request(stream, 1);
    pair.drive();
    assert_eq!(pair.server.event(), "1 message \"more\"");
    pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
    pair.drive();
    assert_eq!(pair.server.all_events(), ["closed Clean link_closed"]);
    assert_eq!(pair.client.all_events(), ["1 status Ok \"\"", "closed Clean peer_draining"]);
}

#[test]
fn a_call_that_crosses_a_goaway_may_be_tried_elsewhere() {
    let mut pair = Pair::usual();
    pair.open();
    let late = pair.client.open(Some(b"x"), true);
    pair.server.connection.go_away("bye");
    pair.drive();
    let events = pair.client.all_events();
    assert_eq!(events, ["goaway 1 NO_ERROR \"bye\"", "3 reset Unavailable refused by GoAway"]);
    assert_eq!((late, pair.server.event()), (3, "-".to_owned()));
}

#[test]
fn both_sides_may_drain_at_once() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.client.connection.go_away("me");
    pair.server.connection.go_away("me too");
    pair.drive();
    assert_eq!(pair.client.all_events(), ["goaway 1 NO_ERROR \"me too\""]);
    assert_eq!(pair.server.all_events(), ["goaway 0 NO_ERROR \"me\""]);
    pair.client.connection.reset(stream, Code::Cancelled, "");
    pair.drive();
    assert_eq!(pair.client.all_events(), ["closed Clean link_closed"]);
    assert_eq!(pair.server.all_events(), ["1 reset Cancelled by Peer", "closed Clean link_closed"]);
}

#[test]
fn an_answer_that_has_arrived_survives_the_end_of_its_connection() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.server.connection.send_headers(stream, MetadataBlock::new()).expect("in order");
    pair.server.send(stream, b"1");
    pair.server.send(stream, b"2");
    pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
    pair.server.connection.go_away("bye");
    pair.drive();
    pair.client.connection.receive_end();
    let ended = ["1 headers", "goaway 1 NO_ERROR \"bye\"", "closed Clean peer_draining"];
    assert_eq!(pair.client.all_events(), ended);
    pair.client.connection.request(stream, 1);
    assert_eq!(pair.client.all_events(), ["1 message \"1\""]);
    pair.client.connection.request(stream, 1);
    assert_eq!(pair.client.all_events(), ["1 message \"2\"", "1 status Ok \"\""]);
    assert_eq!(pair.client.output(), b"", "and no credit returns on a closed connection");
}

#[test]
fn the_end_of_the_link_fails_every_open_stream() {
    for (inside_a_frame, fault) in [(false, "link_ended"), (true, "link_truncated")] {
        let mut pair = Pair::usual();
        let streams = [pair.open(), pair.open()];
        if inside_a_frame {
            pair.server.connection.ping(*b"12345678");
            let ping = pair.server.output();
            pair.client.connection.receive(&ping[..ping.len() - 1]);
        }
        pair.client.send(streams[0], b"unsent");
        pair.client.connection.receive_end();
        let error = &pair.client.connection.closed().expect("closed").error;
        assert_eq!((error.fault().name(), error.code()), (fault, Code::Unavailable));
        let end = if inside_a_frame { End::Truncated } else { End::Clean };
        let expected = [
            "1 reset Unavailable by Connection".to_owned(),
            "3 reset Unavailable by Connection".to_owned(),
            format!("closed {end:?} {fault}"),
        ];
        assert_eq!(pair.client.all_events(), expected);
        assert_eq!(pair.client.output(), b"");
        pair.client.connection.receive(b"what comes later is dropped");
        pair.client.connection.receive_end();
        assert_eq!(pair.client.event(), "-");
    }
}

#[test]
fn a_broken_link_fails_every_open_stream_with_its_error() {
    let mut pair = Pair::usual();
    pair.open();
    let error = Fault::LinkFailed.with(&[&"test:", &"write", &"Broken pipe (EPIPE)"]);
    let text = error.to_string();
    pair.client.connection.link_failed(error);
    pair.client.take_events();
    let Some(Told::Event(Event::Reset { code: Code::Unavailable, text: told, refused: false, .. })) =
        pair.client.events.pop_front()
    else {
        panic!("the stream fails")
    };
    assert_eq!(told, text);
    assert_eq!(pair.client.all_events(), ["closed Failed link_failed"]);
}

#[test]
fn a_side_that_gives_up_tells_the_peer_why() {
    let mut pair = Pair::usual();
    pair.open();
    let error = Fault::ServerShutdown.with(&[&"test:"]);
    pair.server.connection.fail(GoAwayCode::InternalError, "out of luck", error);
    pair.drive();
    let failed = ["1 reset Unavailable by Connection", "closed Failed server_shutdown"];
    assert_eq!(pair.server.all_events(), failed);
    let told = [
        "goaway 1 INTERNAL_ERROR \"out of luck\"",
        "1 reset Internal by Connection",
        "closed GoAway peer_goaway",
    ];
    assert_eq!(pair.client.all_events(), told);
}

#[test]
fn a_connection_that_ends_for_two_reasons_at_once_ends_once() {
    let limits = Hello { max_message_bytes: 10, ..hello() };
    let mut server = Settings { hello: limits, ..settings() };
    server.outbound_bytes = 100;
    let mut pair = Pair::new(settings(), server);
    let stream = pair.open();
    pair.server.connection.go_away(&"bye ".repeat(50));
    let mut frames = FrameWriter::default();
    frames.message(stream, &[0; 11], 0, false, false);
    pair.server.connection.receive(frames.outbound());
    let failed = ["1 reset ResourceExhausted by Limit", "closed Clean link_closed"];
    assert_eq!(pair.server.all_events(), failed, "drained by a RESET that the queue has no room for");
}

#[test]
fn what_was_sent_may_be_told_after_the_queue_was_dropped() {
    let mut pair = Pair::usual();
    pair.client.open(Some(b"ask"), true);
    let written = pair.client.connection.outbound().len();
    pair.client.connection.receive_end();
    pair.client.connection.sent(written);
    assert_eq!(pair.client.connection.outbound(), b"");
}

#[test]
fn a_peer_that_is_turned_away_reads_the_reason() {
    let mut client = Peer::new(Side::Connector, settings());
    client.connection.receive(&farewell(GoAwayCode::Refused, "not of this user"));
    let events = client.all_events();
    assert_eq!(events, ["goaway 0 REFUSED \"not of this user\"", "closed GoAway peer_refused"]);
    let text = client.connection.closed().expect("closed").error.to_string();
    assert_eq!(text, "test:: the server turned this process away: not of this user");
}

#[test]
fn a_goaway_before_hello_ends_the_connection() {
    let mut server = Peer::new(Side::Acceptor, settings());
    let mut client = Peer::new(Side::Connector, settings());
    server.connection.go_away("bye");
    client.connection.receive(&server.output());
    assert_eq!(server.all_events(), ["closed Clean link_closed"]);
    assert_eq!(client.all_events(), ["goaway 0 NO_ERROR \"bye\"", "closed GoAway peer_draining"]);
}

#[test]
fn silence_and_nonsense_are_told_apart_when_hello_does_not_come_in_time() {
    let cases: [(&[u8], &str, bool); 4] = [
        (b"", "peer_silent", false),
        (b"\xF5SHO", "peer_silent", false),
        (b"\xF5SHOST\r\n\x04", "peer_silent", true),
        (b"GE", "peer_nonsense", false),
    ];
    for (bytes, fault, says_goaway) in cases {
        let mut server = Peer::new(Side::Acceptor, settings());
        server.connection.receive(bytes);
        server.connection.hello_timeout(1.5);
        let error = &server.connection.closed().expect("closed").error;
        assert_eq!(error.fault().name(), fault, "{bytes:?}");
        assert!(fault != "peer_silent" || error.to_string().contains("within 1.5 s"), "{error}");
        assert_eq!(!server.output().is_empty(), says_goaway, "{bytes:?}");
    }
    let mut pair = Pair::usual();
    pair.client.connection.hello_timeout(1.5);
    assert_eq!(pair.client.connection.state(), ConnectionState::Open, "HELLO is there");
}

#[test]
fn both_sides_name_both_ranges_when_no_version_is_common() {
    let mut future = settings();
    (future.hello.min_version, future.hello.max_version) = (7, 9);
    let mut client = Peer::new(Side::Connector, settings());
    let mut server = Peer::new(Side::Acceptor, future);
    server.connection.receive(&client.output());
    client.connection.receive(&server.output());
    let text = |peer: &Peer| peer.connection.closed().expect("closed").error.to_string();
    assert_eq!(
        text(&client),
        "test:: no common version of the wire: this side speaks 1 to 1, the peer (samehost-test) 7 to 9. \
         Update the older side."
    );
    assert!(text(&server).contains("this side speaks 7 to 9, the peer (samehost-test) 1 to 1"));
    assert_eq!(client.all_events(), ["closed Malformed version_mismatch"]);
}

#[test]
fn noise_is_skipped_where_the_settings_say_so_and_kept_for_the_log() {
    let mut client = Peer::new(Side::Connector, Settings { noise_bytes: 100, ..settings() });
    let mut server = Peer::new(Side::Acceptor, settings());
    server.connection.receive(&client.output());
    client.connection.receive(b"Picked up JAVA_TOOL_OPTIONS\n");
    client.connection.receive(&server.output());
    assert_eq!(client.all_events(), ["hello 1"]);
    assert_eq!(client.connection.skipped(), b"Picked up JAVA_TOOL_OPTIONS\n");
}

#[test]
fn an_acceptor_says_hello_first_where_the_settings_say_so() {
    let server = Peer::new(Side::Acceptor, Settings { hello_first: true, ..settings() });
    let client = Peer::new(Side::Connector, settings());
    assert_eq!(server.connection.outbound(), client.connection.outbound());
}
