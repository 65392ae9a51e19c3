//! The connection against `sequences.json` and `refused.json`: as they are, one byte at a time, and with
//! what arrives cut at every place.

use std::collections::VecDeque;

use samehost_transport_api::Code;
use serde_json::{Value, json};

use super::super::*;
use super::pair::{Told, next_told};
use crate::vectors::{cases, hello, hex, metadata, number, text, to_hex};
use crate::wire::{Flags, FrameReader, GoAwayCode, MetadataBlock, PREFACE};

#[test]
fn every_sequence_of_the_vectors_goes_as_it_says() {
    for case in cases("sequences.json") {
        play(&case, Cut::Whole);
    }
}

#[test]
fn every_sequence_of_the_vectors_goes_the_same_byte_by_byte() {
    for case in cases("sequences.json") {
        play(&case, Cut::Single);
    }
}

#[test]
fn every_sequence_of_the_vectors_goes_the_same_cut_at_any_place() {
    for case in cases("sequences.json") {
        for at in 1..longest_receive(&case["steps"]) {
            play(&case, Cut::At(at));
        }
    }
}

#[test]
fn every_refusal_of_the_vectors_is_refused_with_its_error() {
    for case in cases("refused.json") {
        refuse(&case, &hex(text(&case, "receive")), Cut::Whole);
    }
}

#[test]
fn every_refusal_of_the_vectors_is_the_same_byte_by_byte() {
    for case in cases("refused.json") {
        refuse(&case, &hex(text(&case, "receive")), Cut::Single);
    }
}

#[test]
fn every_refusal_of_the_vectors_is_the_same_cut_at_any_place() {
    for case in cases("refused.json") {
        let bytes = hex(text(&case, "receive"));
        for at in 1..bytes.len() {
            refuse(&case, &bytes, Cut::At(at));
        }
    }
}

/// How the bytes of a step arrive.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Whole,
    Single,
    At(usize),
}

fn longest_receive(steps: &Value) -> usize {
    let receives = steps.as_array().expect("steps").iter().filter_map(|step| step["receive"].as_str());
    receives.map(|hex| hex.len() / 2).max().unwrap_or(0)
}

fn play(case: &Value, cut: Cut) {
    let mut player = Player::new(case, cut);
    player.steps(&case["steps"]);
    assert_eq!(player.next_event(), None, "no further event: {}", player.what);
    assert_eq!(to_hex(player.connection.outbound()), "", "no further output: {}", player.what);
}

fn refuse(case: &Value, bytes: &[u8], cut: Cut) {
    let mut player = Player::new(case, cut);
    player.steps(&case["setup"]);
    player.receive(bytes);
    if case["receive_end"] == true {
        player.connection.receive_end();
    }
    for event in case["events_before"].as_array().into_iter().flatten() {
        player.expect_event(event);
    }
    let what = &player.what;
    assert_eq!(player.connection.state(), ConnectionState::Closed, "{what}");
    let closed = player.connection.closed().expect("it says how it ended");
    if let Some(code) = case["goaway"].as_str() {
        assert_eq!(closed.end, End::Malformed, "{what}");
        let frames = describe_frames(player.connection.outbound());
        let last = frames.last().expect("a GOAWAY");
        assert_eq!((&last["type"], &last["code"]), (&json!("GOAWAY"), &json!(code)), "{what}");
    } else {
        assert_eq!(to_hex(player.connection.outbound()), "", "{what}");
        assert_eq!(closed.error.fault().name(), text(case, "fault"), "{what}");
    }
}

struct Player {
    connection: Connection,
    events: VecDeque<Told>,
    cut: Cut,
    what: String,
}

impl Player {
    fn new(case: &Value, cut: Cut) -> Player {
        let side = match text(case, "side") {
            "connector" => Side::Connector,
            "acceptor" => Side::Acceptor,
            other => panic!("no side: {other}"),
        };
        let mut settings = Settings::new("test:", hello(&case["hello"]));
        settings.first_stream = case.get("first_stream").map(|_| number(case, "first_stream"));
        let what = format!("{} ({cut:?})", text(case, "name"));
        Player { connection: Connection::new(side, settings), events: VecDeque::new(), cut, what }
    }

    fn steps(&mut self, steps: &Value) {
        for step in steps.as_array().into_iter().flatten() {
            let (kind, value) = step.as_object().and_then(|step| step.iter().next()).expect("a step");
            match kind.as_str() {
                "receive" => self.receive(&hex(value.as_str().expect("hex"))),
                "receive_end" => self.connection.receive_end(),
                "send" => {
                    let sent = to_hex(self.connection.outbound());
                    assert_eq!(json!(sent), *value, "{}", self.what);
                    self.connection.sent(sent.len() / 2);
                }
                "send_like" => self.expect_frames(std::slice::from_ref(value)),
                "send_like_all" => self.expect_frames(value.as_array().expect("frames")),
                "event" => self.expect_event(value),
                "do" => self.act(value),
                other => panic!("no step: {other}"),
            }
            self.take_events();
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        match self.cut {
            Cut::Whole => self.connection.receive(bytes),
            Cut::Single => bytes.chunks(1).for_each(|byte| self.connection.receive(byte)),
            Cut::At(at) => {
                let (before, after) = bytes.split_at(at.min(bytes.len()));
                self.connection.receive(before);
                self.connection.receive(after);
            }
        }
    }

    fn expect_frames(&mut self, expected: &[Value]) {
        let bytes = self.connection.outbound().to_vec();
        self.connection.sent(bytes.len());
        let frames = describe_frames(&bytes);
        assert_eq!(frames.len(), expected.len(), "{}: {frames:?}", self.what);
        for (frame, expected) in frames.iter().zip(expected) {
            for (key, value) in expected.as_object().expect("a frame") {
                assert_eq!(&frame[key], value, "{}: {key} of {frame}", self.what);
            }
        }
    }

    fn expect_event(&mut self, expected: &Value) {
        let mut event =
            self.next_event().unwrap_or_else(|| panic!("{}: no event, but {expected}", self.what));
        if expected["text"].is_null() && event.get("text").is_some() {
            event["text"] = Value::Null;
        }
        assert_eq!(event, *expected, "{}", self.what);
    }

    fn take_events(&mut self) {
        while let Some(told) = next_told(&mut self.connection) {
            self.events.extend(told);
        }
    }

    fn next_event(&mut self) -> Option<Value> {
        self.take_events();
        loop {
            match self.events.pop_front()? {
                Told::Event(Event::Ready { .. } | Event::CanOpen) => {}
                Told::Event(event) => return Some(describe_event(&event)),
                Told::Arrival(stream, arrival) => return Some(describe_arrival(stream, &arrival)),
            }
        }
    }

    fn act(&mut self, action: &Value) {
        let stream = || number(action, "stream");
        let end = action["end"] == true;
        let message = action.get("message").map(|message| Message {
            bytes: hex(message.as_str().expect("hex")),
            compressed: action["compressed"] == true,
        });
        let code = || Code::from_number(number(action, "code"));
        let connection = &mut self.connection;
        match text(action, "action") {
            "open" => {
                let deadline_nanos = action["deadline_nanos"].as_u64();
                let metadata = metadata(&action["metadata"]);
                let path = text(action, "path");
                connection
                    .open(path, &metadata, deadline_nanos, message.as_ref().map(Content::Shared), end)
                    .expect("opened");
            }
            "message" => {
                in_order(connection.send_message(stream(), message.expect("a message"), end));
            }
            "half_close" => in_order(connection.half_close(stream())),
            "headers" => {
                connection.send_headers(stream(), metadata(&action["metadata"])).expect("in order");
            }
            "status" => {
                let headers = action.get("headers").map(metadata);
                let trailers = metadata(&action["trailers"]);
                let status = Status::new(code(), text(action, "text").to_owned(), trailers);
                connection.send_status(stream(), headers, message, status).expect("in order");
            }
            "reset" => connection.reset(stream(), code(), text(action, "text")),
            "request" => connection.request(stream(), number(action, "count")),
            "goaway" => connection.go_away(text(action, "text")),
            other => panic!("no action: {other}"),
        }
    }
}

/// Done, or not, as the stream is over.
fn in_order(done: Result<(), StreamError>) {
    assert!(matches!(done, Ok(()) | Err(StreamError::Gone)), "{done:?}");
}

fn describe_event(event: &Event) -> Value {
    match event {
        Event::Hello { version, .. } => json!({"kind": "HELLO", "version": version}),
        Event::Opened { stream, path, deadline_nanos, metadata } => {
            let metadata = describe_metadata(metadata);
            let mut event = json!({"kind": "OPENED", "stream": stream, "path": **path, "metadata": metadata});
            if let Some(nanos) = deadline_nanos {
                event["deadline_nanos"] = json!(nanos);
            }
            event
        }
        Event::Reset { stream, code, text, refused, .. } => {
            json!({"kind": "RESET", "stream": stream, "code": *code as u8, "text": text, "refused": refused})
        }
        Event::GoAway { last_stream, code, text } => {
            json!({"kind": "GOAWAY", "last_stream": last_stream, "code": code.name(), "text": text})
        }
        Event::Closed(Closed { end, .. }) => {
            let end = match end {
                End::Clean => "CLEAN",
                End::Truncated => "TRUNCATED",
                End::Malformed => "MALFORMED",
                End::GoAway => "GOAWAY",
                End::Failed => "FAILED",
            };
            json!({"kind": "CLOSED", "end": end})
        }
        Event::Arrived { .. } | Event::Pong { .. } | Event::Ready { .. } | Event::CanOpen => {
            panic!("the vectors know no such event: {event:?}")
        }
    }
}

fn describe_arrival(stream: StreamId, arrival: &Arrival) -> Value {
    match arrival {
        Arrival::Headers(headers) => {
            json!({"kind": "HEADERS", "stream": stream, "metadata": describe_metadata(headers)})
        }
        Arrival::Message(Message { bytes, compressed }) => {
            json!({"kind": "MESSAGE", "stream": stream, "message": to_hex(bytes), "compressed": compressed})
        }
        Arrival::End(Finish::Status(status)) => {
            let (code, trailers) = (status.code as u8, describe_metadata(status.trailers()));
            let text = status.text();
            json!({"kind": "STATUS", "stream": stream, "code": code, "text": text, "trailers": trailers})
        }
        Arrival::End(Finish::HalfClosed) => json!({"kind": "HALF_CLOSED", "stream": stream}),
        Arrival::End(Finish::Reset { status, refused }) => {
            let (code, text) = (status.code as u8, status.text());
            json!({"kind": "RESET", "stream": stream, "code": code, "text": text, "refused": refused})
        }
    }
}

fn describe_metadata(block: &MetadataBlock) -> Value {
    block.iter().map(|(key, value)| json!([key, to_hex(value)])).collect()
}

/// What the vectors say of frames whose text is free: type, stream, word, REFUSED, code.
fn describe_frames(mut bytes: &[u8]) -> Vec<Value> {
    bytes = bytes.strip_prefix(&PREFACE).unwrap_or(bytes);
    let mut reader = FrameReader::default();
    reader.allow(1 << 24);
    let mut frames = Vec::new();
    while let Some(frame) = reader.next(&mut bytes).expect("well-formed") {
        let header = &frame.header;
        let types = ["HELLO", "OPEN", "HEADERS", "MESSAGE", "STATUS", "RESET", "CREDIT", "PING", "GOAWAY"];
        let type_name = types[usize::from(header.type_number) - 1];
        let mut described = json!({"type": type_name, "stream": header.stream, "word": header.word});
        if type_name == "RESET" && header.flags.has(Flags::REFUSED) {
            described["flags"] = json!(["REFUSED"]);
        }
        if type_name == "GOAWAY" {
            let code = frame.payload.as_slice().first_chunk().expect("a code");
            described["code"] = json!(GoAwayCode::from_number(u32::from_le_bytes(*code)).name());
        }
        frames.push(described);
    }
    assert!(!reader.is_inside_frame(), "whole frames");
    frames
}
