//! The codec against `proto/vectors/frames.json`, both ways and cut at every place.

use serde_json::{Map, Value, json};

use super::frame::{FrameHeader, HEADER_BYTES};
use super::metadata::InvalidKey;
use super::*;
use crate::vectors::{cases, hello, hex, metadata, number, text, to_hex};

#[test]
fn every_frame_of_the_vectors_is_read_as_what_it_means() {
    for case in cases("frames.json") {
        let bytes = hex(text(&case, "hex"));
        assert_eq!(read(&mut [&bytes[..]]), case["frame"], "{}", case["name"]);
    }
}

#[test]
fn every_frame_of_the_vectors_is_written_as_its_bytes() {
    for case in cases("frames.json") {
        assert_eq!(to_hex(&write(&case["frame"])), text(&case, "hex"), "{}", case["name"]);
    }
}

#[test]
fn every_frame_of_the_vectors_is_read_the_same_when_cut_at_any_place() {
    for case in cases("frames.json") {
        let bytes = hex(text(&case, "hex"));
        for at in 0..=bytes.len() {
            let (before, after) = bytes.split_at(at);
            assert_eq!(read(&mut [before, after]), case["frame"], "{} cut at {at}", case["name"]);
        }
        let mut single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&mut single), case["frame"], "{} byte by byte", case["name"]);
    }
}

#[test]
fn frames_that_arrive_together_come_out_one_by_one() {
    let all: Vec<Value> = cases("frames.json");
    let bytes: Vec<u8> = all.iter().flat_map(|case| hex(text(case, "hex"))).collect();
    for chunk in [1, 7, 16, 17, 64, bytes.len()] {
        let mut reader = FrameReader::default();
        let mut found = 0;
        for mut input in bytes.chunks(chunk) {
            while let Some(frame) = reader.next(&mut input).expect("well-formed") {
                assert_eq!(describe(&frame), all[found]["frame"], "in chunks of {chunk}");
                found += 1;
            }
            assert!(input.is_empty());
        }
        assert_eq!(found, all.len());
        assert!(!reader.is_inside_frame());
    }
}

#[test]
fn a_frame_is_refused_by_its_header_alone() {
    let mut header =
        FrameHeader { length: 4097, type_number: 1, flags: Flags::NONE, stream: 0, word: 0 }.encode();
    let error = FrameReader::default().next(&mut &header[..]).expect_err("too large before HELLO");
    assert_eq!(error.code, GoAwayCode::FrameTooLarge);
    let mut reader = FrameReader::default();
    reader.allow(4097);
    assert!(reader.next(&mut &header[..]).expect("as large as allowed").is_none());
    header[0] += 1;
    let mut reader = FrameReader::default();
    reader.allow(4097);
    assert!(reader.next(&mut &header[..15]).expect("not yet known").is_none());
    assert!(reader.next(&mut &header[15..]).is_err());
}

#[test]
fn a_message_that_arrives_in_parts_is_not_copied_again() {
    let mut writer = FrameWriter::default();
    writer.message(1, &[7; 100], 0, false, false);
    let bytes = writer.outbound().to_vec();
    let mut reader = FrameReader::default();
    assert!(reader.next(&mut &bytes[..50]).expect("well-formed").is_none());
    let frame = reader.next(&mut &bytes[50..]).expect("well-formed").expect("whole");
    let message = frame.payload.tail(60);
    assert_eq!(message.as_ptr(), frame.payload.as_slice()[40..].as_ptr());
}

#[test]
fn what_is_written_stays_until_it_is_sent() {
    let mut writer = FrameWriter::default();
    let mut expected = Vec::new();
    let mut seen = Vec::new();
    for round in 0u8..200 {
        writer.message(1, &vec![round; usize::from(round) * 7], 0, false, false);
        expected.extend_from_slice(&write(&json!({
            "type": "MESSAGE", "flags": ["MESSAGE"], "stream": 1, "word": 0,
            "message": to_hex(&vec![round; usize::from(round) * 7])
        })));
        let part = writer.len() * 2 / 3;
        seen.extend_from_slice(&writer.outbound()[..part]);
        writer.sent(part);
    }
    seen.extend_from_slice(writer.outbound());
    writer.sent(writer.len());
    assert_eq!(writer.len(), 0);
    assert!(seen == expected);
}

#[test]
fn a_large_buffer_is_given_back_when_it_is_empty() {
    let mut writer = FrameWriter::default();
    writer.message(1, &vec![7; 1 << 20], 0, false, false);
    writer.sent(100);
    assert!(writer.capacity() > 1 << 20, "part of it waits");
    writer.half_close(1);
    assert_eq!(writer.outbound()[..5], [7; 5], "what waits is as it was");
    writer.sent(writer.len());
    assert!(writer.capacity() <= 64 << 10, "given back: {}", writer.capacity());
    writer.half_close(1);
    assert_eq!(writer.len(), HEADER_BYTES);
}

#[test]
fn a_text_is_cut_at_a_character() {
    assert_eq!(cut("abc", 3), "abc");
    assert_eq!(cut("abü", 3), "ab");
    assert_eq!(cut("ü", 0), "");
    let mut writer = FrameWriter::default();
    writer.reset(1, 1, &"ü".repeat(3000), false);
    assert_eq!(writer.len(), HEADER_BYTES + MAX_TEXT_BYTES);
}

#[test]
fn a_metadata_block_keeps_order_and_duplicates_and_takes_no_bad_key() {
    let mut block = MetadataBlock::new();
    for (key, value) in [("b", "1"), ("a", "2"), ("b", "3")] {
        block.push(key, value.as_bytes()).expect("a good key");
    }
    for key in ["", "A", "a b", "ä", &"k".repeat(256)] {
        assert_eq!(block.push(key, b""), Err(InvalidKey), "{key}");
    }
    let pairs: Vec<_> = block.iter().collect();
    assert_eq!(pairs, [("b", &b"1"[..]), ("a", b"2"), ("b", b"3")]);
    assert_eq!(block.get("b"), Some(&b"1"[..]));
    assert_eq!(block.get("c"), None);
    assert_eq!(block.size(), 3 * (2 + 1 + 4 + 1));
}

#[test]
fn first_bytes_are_judged_as_soon_as_they_can_be() {
    use samehost_transport_api::Fault::{PeerHttp1, PeerHttp2, PeerNonsense};
    let cases: [(&[u8], FirstWord, usize); 10] = [
        (&PREFACE, FirstWord::Yes, 8),
        (b"PRI * HTTP/2.0\r\n\r\nSM", FirstWord::No(PeerHttp2), 16),
        (b"\0\0\x12\x04\0\0\0\0\0\0\x02", FirstWord::No(PeerHttp2), 9),
        (b"GET / HTTP/1.1", FirstWord::No(PeerHttp1), 5),
        (b"PRI * HTTP/1.1", FirstWord::No(PeerHttp1), 12),
        (b"HTTP/1.1 400", FirstWord::No(PeerHttp1), 7),
        (b"HELLO WORLD", FirstWord::No(PeerNonsense), 7),
        (b"AAAAAAAAAAAAAAAAAAAA", FirstWord::No(PeerNonsense), 17),
        (b"hello", FirstWord::No(PeerNonsense), 1),
        (b"\xF5SHOST\n", FirstWord::No(PeerNonsense), 7),
    ];
    for (bytes, verdict, after) in cases {
        for length in 0..after {
            assert_eq!(judge(&bytes[..length]), FirstWord::More, "{length} bytes of {bytes:?}");
        }
        assert_eq!(judge(&bytes[..after]), verdict, "{bytes:?}");
        assert_eq!(judge(bytes), verdict, "{bytes:?}");
    }
}

#[test]
fn noise_before_the_preface_is_skipped_up_to_the_limit() {
    let noise = b"Starting...\n\xF5SH\xF5SHOST\r\xF5".as_slice();
    let bytes = [noise, &PREFACE, b"rest"].concat();
    for at in 0..bytes.len() - 4 {
        let mut reader = PrefaceReader::new(noise.len());
        let mut first = &bytes[..at];
        assert_eq!(reader.receive(&mut first), Ok(false));
        let mut second = &bytes[at..];
        assert_eq!(reader.receive(&mut second), Ok(true));
        assert_eq!((second, reader.skipped()), (&b"rest"[..], noise));
    }
    let mut reader = PrefaceReader::new(noise.len() - 1);
    assert_eq!(reader.receive(&mut &bytes[..]), Err(samehost_transport_api::Fault::PeerNonsense));
    assert_eq!(reader.first_bytes(), "\"Starting\" (53 74 61 72 74 69 6E 67)");
}

/// Reads one frame from pieces, and says what it means in the form of the vectors.
fn read(pieces: &mut [&[u8]]) -> Value {
    let mut reader = FrameReader::default();
    let mut found = None;
    for input in pieces {
        while let Some(frame) = reader.next(input).expect("well-formed") {
            assert!(found.replace(describe(&frame)).is_none(), "one frame alone");
        }
    }
    assert!(!reader.is_inside_frame());
    found.expect("a whole frame")
}

fn describe(frame: &Frame<'_>) -> Value {
    let header = &frame.header;
    let frame_type = FrameType::from_number(header.type_number).expect("a known type");
    let mut out = Map::new();
    out.insert("type".into(), type_name(frame_type).into());
    let names = flag_names(frame_type);
    let names = names.iter().filter(|(_, flag)| header.flags.has(*flag)).map(|(name, _)| *name);
    out.insert("flags".into(), names.collect::<Vec<_>>().into());
    out.insert("stream".into(), header.stream.into());
    out.insert("word".into(), header.word.into());
    let mut put = |key: &str, value: Value| out.insert(key.into(), value);
    match frame_type {
        FrameType::Hello => {
            put("hello", describe_hello(&Hello::decode(frame.payload.as_slice()).expect("well-formed")));
        }
        FrameType::Open => {
            let open = Open::decode(frame).expect("well-formed");
            open.path.map(|path| put("path", path.into()));
            open.deadline_nanos.map(|nanos| put("deadline_nanos", nanos.into()));
            put("metadata", describe_metadata(&open.metadata));
            open.message.map(|message| put("message", to_hex(&message).into()));
        }
        FrameType::Headers => {
            put("metadata", describe_metadata(&decode_headers(frame).expect("well-formed")));
        }
        FrameType::Message if header.flags.has(Flags::MESSAGE) => {
            put("message", to_hex(frame.payload.as_slice()).into());
        }
        FrameType::Status => {
            let status = Status::decode(frame).expect("well-formed");
            status.headers.map(|headers| put("headers", describe_metadata(&headers)));
            put("text", status.text.into());
            put("trailers", describe_metadata(&status.trailers));
            status.message.map(|message| put("message", to_hex(&message).into()));
        }
        FrameType::Reset => {
            put("text", decode_reset(frame).expect("well-formed").into());
        }
        FrameType::Message | FrameType::Credit => {
            assert!(frame.payload.as_slice().is_empty());
        }
        FrameType::Ping => {
            put("data", to_hex(&decode_ping(frame).expect("well-formed")).into());
        }
        FrameType::GoAway => {
            let go_away = GoAway::decode(frame).expect("well-formed");
            put("code", go_away.code.name().into());
            put("text", go_away.text.into());
        }
    }
    out.into()
}

fn describe_metadata(block: &MetadataBlock) -> Value {
    block.iter().map(|(key, value)| json!([key, to_hex(value)])).collect()
}

fn describe_hello(hello: &Hello) -> Value {
    let mut fields = json!({
        "min_version": hello.min_version,
        "max_version": hello.max_version,
        "implementation": hello.implementation,
        "pid": hello.pid,
        "pid_namespace": hello.pid_namespace,
        "features": hello.features,
        "max_frame_bytes": hello.max_frame_bytes,
        "initial_credit": hello.initial_credit,
        "max_message_bytes": hello.max_message_bytes,
        "max_metadata_bytes": hello.max_metadata_bytes,
        "max_streams": hello.max_streams,
        "max_methods": hello.max_methods,
    });
    let absent = [json!(0), json!(""), json!([])];
    fields.as_object_mut().expect("an object").retain(|_, value| !absent.contains(value));
    fields
}

/// The bytes of a frame that is given in the form of the vectors.
fn write(frame: &Value) -> Vec<u8> {
    let mut writer = FrameWriter::default();
    let (stream, word) = (number(frame, "stream"), number(frame, "word"));
    let flag = |name: &str| frame["flags"].as_array().expect("flags").contains(&name.into());
    let message = frame.get("message").map(|message| hex(message.as_str().expect("hex")));
    match text(frame, "type") {
        "HELLO" => writer.hello(&hello(&frame["hello"])),
        "OPEN" => writer.open(
            stream,
            word,
            &OpenFields {
                path: frame["path"].as_str(),
                deadline_nanos: frame["deadline_nanos"].as_u64(),
                metadata: &metadata(&frame["metadata"]),
                message: message.as_deref(),
                compressed: flag("COMPRESSED"),
                end: flag("END"),
            },
        ),
        "HEADERS" => writer.headers(stream, &metadata(&frame["metadata"])),
        "MESSAGE" => match message {
            Some(piece) => writer.message(stream, &piece, word, flag("COMPRESSED"), flag("END")),
            None => writer.half_close(stream),
        },
        "STATUS" => writer.status(
            stream,
            &StatusFields {
                code: word,
                headers: frame.get("headers").map(metadata).as_ref(),
                text: text(frame, "text"),
                trailers: &metadata(&frame["trailers"]),
                message: message.as_deref(),
                compressed: flag("COMPRESSED"),
            },
        ),
        "RESET" => writer.reset(stream, word, text(frame, "text"), flag("REFUSED")),
        "CREDIT" => writer.credit(stream, word),
        "PING" => {
            let data = hex(text(frame, "data"));
            writer.ping(data[..].try_into().expect("eight bytes"), flag("ACK"));
        }
        "GOAWAY" => {
            let codes = (0..9).map(GoAwayCode::from_number);
            let code = codes.into_iter().find(|code| code.name() == text(frame, "code")).expect("a code");
            writer.go_away(word, code, text(frame, "text"));
        }
        other => panic!("an unknown type: {other}"),
    }
    writer.outbound().to_vec()
}

fn type_name(frame_type: FrameType) -> &'static str {
    ["HELLO", "OPEN", "HEADERS", "MESSAGE", "STATUS", "RESET", "CREDIT", "PING", "GOAWAY"]
        [frame_type as usize - 1]
}

/// The names of the flags that a type knows, in the order of the vectors.
fn flag_names(frame_type: FrameType) -> &'static [(&'static str, Flags)] {
    match frame_type {
        FrameType::Open => &[
            ("END", Flags::END),
            ("MESSAGE", Flags::MESSAGE),
            ("PATH", Flags::PATH),
            ("DEADLINE", Flags::DEADLINE),
            ("COMPRESSED", Flags::COMPRESSED),
        ],
        FrameType::Message => {
            &[("MESSAGE", Flags::MESSAGE), ("END", Flags::END), ("COMPRESSED", Flags::COMPRESSED)]
        }
        FrameType::Status => {
            &[("HEADERS", Flags::HEADERS), ("MESSAGE", Flags::MESSAGE), ("COMPRESSED", Flags::COMPRESSED)]
        }
        FrameType::Reset => &[("REFUSED", Flags::REFUSED)],
        FrameType::Ping => &[("ACK", Flags::ACK)],
        _ => &[],
    }
}
