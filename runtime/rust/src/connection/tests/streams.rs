//! Streams of a pair: kinds of calls, order, identifiers, limits.

use samehost_transport_api::Code;

use super::super::*;
use super::pair::*;
use crate::wire::{Hello, MetadataBlock};

#[test]
fn a_unary_call_is_one_frame_each_way() {
    let mut pair = Pair::usual();
    let stream = pair.client.open(Some(b"ask"), true);
    let request = pair.client.output();
    assert_eq!(request.len(), 16 + 2 + PATH.len() + 2 + 3);
    pair.server.connection.receive(&request);
    pair.server.connection.request(stream, 2);
    assert_eq!(pair.server.all_events(), ["1 opened /t.S/M", "1 message \"ask\"", "1 half-closed"]);
    pair.server.answer(stream, b"answer");
    assert_eq!((pair.server.event().as_str(), pair.server.connection.open_streams()), ("-", 0));
    let response = pair.server.output();
    assert_eq!(response.len(), 16 + 2 + 2 + 2 + 6);
    pair.client.connection.request(stream, 2);
    pair.client.connection.receive(&response);
    assert_eq!(pair.client.all_events(), ["1 headers", "1 message \"answer\"", "1 status Ok \"\""]);
    assert_eq!((pair.client.connection.open_streams(), pair.server.connection.open_streams()), (0, 0));
}

/// What a server sends that answers with so many bytes, by lent memory or not, where another stream is `busy`.
fn response_of(bytes: usize, lent: bool, busy: bool) -> Vec<u8> {
    let mut pair = Pair::with(|settings| settings.outbound_bytes = 64 << 10);
    let other = pair.open();
    let stream = pair.open();
    pair.server.connection.send_headers(other, MetadataBlock::new()).expect("in order");
    // More than is outbound at a time.
    for _ in 0..if busy { 10 } else { 0 } {
        pair.server.send(other, &[0; 4096]);
    }
    match lent {
        true => {
            let responded = pair.server.connection.respond(stream, MetadataBlock::new(), &vec![7; bytes]);
            assert!(responded.expect("in order").is_none(), "nobody waits there");
            let again = pair.server.connection.respond(stream, MetadataBlock::new(), b"again");
            again.expect_err("it is over, or is about to be");
        }
        false => pair.server.answer(stream, &vec![7; bytes]),
    }
    let mut sent = Vec::new();
    while let output = pair.server.output()
        && !output.is_empty()
    {
        sent.extend(output);
    }
    sent
}

#[test]
fn a_response_that_is_lent_goes_out_as_any_other() {
    // As one frame, in its turn, and in pieces.
    for (bytes, busy) in [(6, false), (6, true), (200_000, false), (200_000, true)] {
        let [lent, whole] = [true, false].map(|lent| response_of(bytes, lent, busy));
        assert!(lent == whole && lent.len() > bytes, "{bytes} bytes, {busy}: {} {}", lent.len(), whole.len());
    }
}

#[test]
fn a_response_that_is_lent_comes_before_anything_else_of_its_stream() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    pair.server.connection.send_headers(stream, MetadataBlock::new()).expect("in order");
    pair.server
        .connection
        .respond(stream, MetadataBlock::new(), b"late")
        .expect_err("it has headers already");
}

#[test]
fn a_unary_call_that_waits_for_room_is_still_one_frame() {
    let mut pair = Pair::usual();
    let big = pair.open();
    pair.server.connection.send_headers(big, MetadataBlock::new()).expect("in order");
    let small = pair.open();
    for _ in 0..100 {
        pair.server.send(big, &[0; 4096]);
    }
    pair.server.answer(small, b"answer");
    assert_eq!(pair.server.event(), "-", "it waits");
    pair.client.connection.request(small, 2);
    pair.client.connection.request(big, 100);
    pair.drive();
    let events = pair.client.all_events();
    let of_small: Vec<_> = events.iter().filter(|event| event.starts_with("3 ")).collect();
    assert_eq!(of_small, ["3 headers", "3 message \"answer\"", "3 status Ok \"\""]);
    assert_eq!(events.iter().filter(|event| *event == "1 message of 4096").count(), 100);
}

#[test]
fn messages_pass_both_ways_in_order_at_every_step_size() {
    for step in [1, 15, 16, 17, 1000, 1 << 20] {
        let mut pair = Pair::usual();
        pair.step = step;
        let stream = pair.open();
        pair.server.connection.send_headers(stream, MetadataBlock::new()).expect("in order");
        pair.client.connection.request(stream, 100);
        pair.server.connection.request(stream, 100);
        for number in 0..50usize {
            pair.client.send(stream, &vec![b'c'; number * 100]);
            pair.server.send(stream, &vec![b's'; number * 100]);
        }
        pair.client.connection.half_close(stream).expect("in order");
        pair.drive();
        pair.server.connection.send_status(stream, None, None, ok()).expect("in order");
        pair.drive();
        let lengths = |peer: &mut Peer| -> Vec<usize> {
            peer.take_events();
            let messages = peer.events.iter().filter_map(|event| match event {
                Told::Arrival(_, Arrival::Message(message)) => Some(message.bytes.len()),
                _ => None,
            });
            messages.collect()
        };
        let expected: Vec<usize> = (0..50).map(|number| number * 100).collect();
        assert_eq!(lengths(&mut pair.client), expected, "steps of {step}");
        assert_eq!(lengths(&mut pair.server), expected, "steps of {step}");
        assert!(matches!(pair.client.events.back(), Some(Told::Arrival(_, Arrival::End(Finish::Status(_))))));
    }
}

#[test]
fn an_acceptor_calls_its_connector_back_on_the_same_connection() {
    let mut pair = Pair::usual();
    let there = pair.client.open(Some(b"1"), true);
    let back = pair.server.open(Some(b"2"), true);
    assert_eq!((there, back), (1, 2));
    pair.drive();
    for (peer, stream) in [(&mut pair.server, there), (&mut pair.client, back)] {
        peer.connection.request(stream, 2);
        peer.answer(stream, b"3");
    }
    pair.client.connection.request(there, 2);
    pair.server.connection.request(back, 2);
    pair.drive();
    assert_eq!(pair.client.all_events().last().expect("events"), "1 status Ok \"\"");
    assert_eq!(pair.server.all_events().last().expect("events"), "2 status Ok \"\"");
}

#[test]
fn metadata_deadline_and_path_arrive_as_they_were_given() {
    let mut pair = Pair::usual();
    let mut metadata = MetadataBlock::new();
    metadata.push("trace-bin", &[0, 255, 10]).expect("a good key");
    metadata.push("a", b"1").expect("a good key");
    metadata.push("a", b"2").expect("a good key");
    pair.client.connection.open("/other.S/N", &metadata, Some(0), None, true).expect("opened");
    pair.drive();
    let Some(Told::Event(Event::Opened { path, deadline_nanos, metadata: arrived, .. })) =
        pair.server.events.pop_front()
    else {
        panic!("opened")
    };
    assert_eq!((&*path, deadline_nanos, arrived), ("/other.S/N", Some(0), metadata));
}

#[test]
fn compressed_messages_pass_where_both_sides_know_the_method() {
    let mut pair = Pair::with(|settings| settings.hello.features = vec!["gzip".to_owned()]);
    assert!(pair.client.connection.has_feature("gzip") && !pair.client.connection.has_feature("zstd"));
    let mut gzip = MetadataBlock::new();
    gzip.push("grpc-encoding", b"gzip").expect("a good key");
    let message = Message { compressed: true, ..plain(b"squeezed") };
    let stream = pair
        .client
        .connection
        .open(PATH, &gzip, None, Some(Content::Shared(&message)), false)
        .expect("opened");
    pair.client.connection.send_message(stream, message.clone(), true).expect("in order");
    pair.client.connection.request(stream, 1);
    pair.server.connection.request(stream, 1);
    pair.drive();
    pair.server.connection.request(stream, 3);
    pair.server.connection.send_status(stream, Some(gzip), Some(message), ok()).expect("in order");
    pair.drive();
    let compressed = |peer: &Peer| -> Vec<bool> {
        let messages = peer.events.iter().filter_map(|event| match event {
            Told::Arrival(_, Arrival::Message(message)) => Some(message.compressed),
            _ => None,
        });
        messages.collect()
    };
    pair.server.take_events();
    assert_eq!((compressed(&pair.client), compressed(&pair.server)), (vec![true], vec![true, true]));
}

#[test]
fn ids_wrap_and_streams_that_are_open_are_skipped() {
    let first_stream = Some(u32::MAX - 2);
    let mut pair = Pair::new(Settings { first_stream, ..settings() }, settings());
    let ids: Vec<_> = (0..3).map(|_| pair.client.open(None, false)).collect();
    assert_eq!(ids, [u32::MAX - 2, u32::MAX, 1]);
    pair.drive();
    assert_eq!(pair.server.all_events().len(), 3);
    for id in ids {
        pair.server.connection.send_status(id, None, None, ok()).expect("in order");
    }
    pair.drive();
    assert_eq!(pair.client.all_events().len(), 3);
    let id = pair.client.open(None, false);
    assert_eq!(id, 3);
    pair.server.connection.receive(&pair.client.output());
    assert_eq!(pair.server.all_events().last().expect("an event"), "3 opened /t.S/M");
}

#[test]
fn no_more_streams_are_opened_than_the_peer_takes() {
    let mut pair = Pair::with(|settings| settings.hello.max_streams = 2);
    let first = pair.open();
    assert!(pair.client.connection.can_open());
    let second = pair.open();
    assert!(!pair.client.connection.can_open());
    let refused = pair.client.connection.open(PATH, &MetadataBlock::new(), None, None, true);
    assert_eq!(refused, Err(OpenError::NotNow));
    pair.server.connection.send_status(first, None, None, ok()).expect("in order");
    pair.drive();
    assert!(pair.client.connection.can_open());
    let events: Vec<_> = pair.client.events.iter().map(short).collect();
    assert_eq!(events, ["1 status Ok \"\"", "can open"]);
    pair.client.events.clear();
    pair.client.open(None, false);
    pair.client.connection.reset(second, Code::Cancelled, "");
    pair.client.take_events();
    assert_eq!(pair.client.events.iter().map(short).collect::<Vec<_>>(), ["can open"]);
}

#[test]
fn no_stream_is_opened_before_hello() {
    let mut client = Peer::new(Side::Connector, settings());
    let refused = client.connection.open(PATH, &MetadataBlock::new(), None, None, true);
    assert_eq!(refused, Err(OpenError::NotNow));
    let mut server = Peer::new(Side::Acceptor, settings());
    server.connection.receive(&client.output());
    client.connection.receive(&server.output());
    assert_eq!(client.all_events(), ["hello 1"]);
    assert!(client.connection.can_open());
}

#[test]
fn what_the_peer_does_not_take_is_not_sent() {
    let limits = Hello { max_message_bytes: 100, max_metadata_bytes: 256, ..hello() };
    let mut pair = Pair::with(|settings| settings.hello = limits.clone());
    let mut failure = |path: &str, metadata: &MetadataBlock, message: usize| {
        let message = Some(plain(&vec![0; message]));
        pair.client
            .connection
            .open(path, metadata, None, message.as_ref().map(Content::Shared), true)
            .expect_err("it is too much")
    };
    let failed = |code, text: &str| OpenError::Failed { code, text: text.to_owned() };
    assert_eq!(
        failure(PATH, &MetadataBlock::new(), 101),
        failed(
            Code::ResourceExhausted,
            "the message of 101 bytes exceeds maximum of 100 bytes that the server takes. \
             Raise the maximum inbound message size there."
        )
    );
    assert_eq!(
        failure(PATH, &block_of(250), 0),
        failed(
            Code::ResourceExhausted,
            "metadata of 257 bytes exceeds maximum of 256 bytes that the server takes. \
             Raise the maximum inbound metadata size there."
        )
    );
    assert_eq!(
        failure("/t.S", &MetadataBlock::new(), 0),
        failed(Code::Unimplemented, "Method not found: t.S")
    );
    assert_eq!(pair.client.output(), b"", "nothing was sent");

    let ways: [fn(&mut Connection, StreamId); 4] = [
        |server, id| server.send_headers(id, block_of(250)).expect("in order"),
        |server, id| {
            server.send_headers(id, MetadataBlock::new()).expect("in order");
            server.send_message(id, plain(&[0; 101]), false).expect("in order");
        },
        |server, id| {
            let status = ok().with_trailers(block_of(250));
            server.send_status(id, None, None, status).expect("in order");
        },
        |server, id| {
            server.send_status(id, None, Some(plain(&[0; 101])), ok()).expect("in order");
        },
    ];
    for way in ways {
        let stream = pair.open();
        way(&mut pair.server.connection, stream);
        pair.drive();
        let server_events = pair.server.all_events();
        assert_eq!(server_events, [format!("{stream} reset ResourceExhausted by Limit")]);
        let told = pair.client.all_events();
        assert_eq!(told.last(), Some(&format!("{stream} reset ResourceExhausted by Peer")));
    }
    let stream = pair.open();
    pair.client.send(stream, &[0; 101]);
    pair.drive();
    assert_eq!(pair.client.event(), format!("{stream} reset ResourceExhausted by Limit"));
    assert_eq!(pair.server.event(), format!("{stream} reset ResourceExhausted by Peer"));
}

#[test]
fn a_status_larger_than_a_frame_is_taken_apart_and_its_text_cut() {
    let mut pair = Pair::with(|settings| settings.hello.max_frame_bytes = 4096);
    let stream = pair.open();
    let status = Status::new(Code::Unknown, "é".repeat(2000), block_of(1000));
    let headers = Some(block_of(3000));
    pair.server.connection.send_status(stream, headers, None, status).expect("in order");
    pair.drive();
    pair.client.take_events();
    let [
        Told::Arrival(_, Arrival::Headers(metadata)),
        Told::Arrival(_, Arrival::End(Finish::Status(status))),
    ] = pair.client.events.make_contiguous()
    else {
        panic!("{:?}", pair.client.events)
    };
    assert_eq!(*metadata, block_of(3000));
    assert_eq!(*status.trailers(), block_of(1000));
    assert_eq!(status.text(), "é".repeat((4096 - 4 - 1007) / 2));
    // Metadata that fits the limit but no frame is held back.
    let refused = pair.client.connection.open(PATH, &block_of(4090), None, None, true);
    assert!(matches!(refused, Err(OpenError::Failed { code: Code::ResourceExhausted, .. })));
}

#[test]
fn actions_out_of_order_are_refused_and_change_nothing() {
    let mut pair = Pair::usual();
    let stream = pair.open();
    let order = |result: Result<(), StreamError>| assert!(matches!(result, Err(StreamError::Order(_))));
    let client = &mut pair.client.connection;
    order(client.send_headers(stream, MetadataBlock::new()));
    order(client.send_status(stream, None, None, ok()));
    client.half_close(stream).expect("in order");
    order(client.half_close(stream));
    order(client.send_message(stream, plain(b""), false));
    let server = &mut pair.server.connection;
    order(server.send_message(stream, plain(b""), false));
    order(server.half_close(stream));
    server.send_headers(stream, MetadataBlock::new()).expect("in order");
    order(server.send_headers(stream, MetadataBlock::new()));
    order(server.send_message(stream, plain(b""), true));
    order(server.send_status(stream, Some(MetadataBlock::new()), None, ok()));
    server.send_status(stream, None, None, ok()).expect("in order");
    assert_eq!(server.send_message(stream, plain(b""), false), Err(StreamError::Gone));
    pair.drive();
    assert_eq!(pair.client.all_events(), ["1 headers", "1 status Ok \"\""]);
    assert_eq!((pair.server.event().as_str(), pair.server.connection.open_streams()), ("-", 0));
}

#[test]
fn a_ping_is_answered_with_its_bytes() {
    let mut pair = Pair::usual();
    pair.client.connection.ping(*b"12345678");
    pair.server.connection.ping(*b"abcdefgh");
    pair.drive();
    assert_eq!(pair.client.event(), format!("pong {:?}", b"12345678"));
    assert_eq!(pair.server.event(), format!("pong {:?}", b"abcdefgh"));
}
