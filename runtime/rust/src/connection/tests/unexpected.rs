//! The table "What is not expected" of PROTOCOL.md, a test for each row.

use samehost_transport_api::Code;

use super::super::*;
use super::pair::*;
use super::victim::*;
use crate::vectors::hex;
use crate::wire::{FrameWriter, GoAwayCode, Hello, MetadataBlock, PREFACE, StatusFields};

#[test]
fn a_frame_of_a_closed_stream_is_ignored() {
    let frames = |frames: &mut FrameWriter| {
        frames.headers(1, &MetadataBlock::new());
        frames.message(1, b"x", 0, false, false);
        frames.credit(1, 0);
        frames.reset(1, 0, "", true);
        status(frames, None, None);
    };
    let mut victim = Victim::opener(true);
    victim.peer.connection.reset(1, Code::Cancelled, "");
    victim.peer.output();
    victim.ignores(frames);
    let mut victim = Victim::server();
    victim.receive(|frames| frames.reset(1, 1, "", false));
    assert_eq!(victim.peer.event(), "1 reset Cancelled by Peer");
    victim.ignores(frames);
}

#[test]
fn a_frame_of_a_stream_that_was_never_opened_is_an_error() {
    for stream in [1, 2, 7] {
        Victim::acceptor().breaks_the_protocol(|frames| frames.credit(stream, 1));
    }
    Victim::opener(false).breaks_the_protocol(|frames| frames.credit(3, 1));
    Victim::opener(false).breaks_the_protocol(|frames| frames.credit(2, 1));
}

#[test]
fn an_open_with_a_wrong_id_is_an_error() {
    Victim::acceptor().breaks_the_protocol(|frames| open(frames, 2, PATH));
    Victim::acceptor().breaks_the_protocol(|frames| open(frames, 0, PATH));
    Victim::server().breaks_the_protocol(|frames| open(frames, 1, PATH));
    Victim::server().breaks_the_protocol(|frames| open(frames, 0x8000_0003, PATH));
    Victim::opener(false).breaks_the_protocol(|frames| open(frames, 3, PATH));
}

#[test]
fn an_open_over_max_streams_is_refused() {
    let mut victim = Victim::new(Side::Acceptor, small_limits());
    victim.receive(|frames| open(frames, 1, PATH));
    assert_eq!(victim.peer.event(), "1 opened /t.S/M");
    let events = victim.answers_reset(Code::ResourceExhausted, true, |frames| open(frames, 3, PATH));
    assert_eq!(events, [""; 0]);
}

#[test]
fn an_open_while_draining_is_refused() {
    let mut victim = Victim::server();
    victim.peer.connection.go_away("");
    victim.peer.output();
    victim.answers_reset(Code::Unavailable, true, |frames| open(frames, 3, PATH));
    let mut victim = Victim::server();
    victim.receive(|frames| frames.go_away(0, GoAwayCode::NoError, ""));
    assert_eq!(victim.peer.event(), "goaway 0 NO_ERROR \"\"");
    victim.answers_reset(Code::Unavailable, true, |frames| open(frames, 3, PATH));
}

#[test]
fn a_metadata_block_over_the_limit_fails_its_stream() {
    let large = block_of(250);
    let events =
        Victim::new(Side::Acceptor, small_limits()).answers_reset(Code::ResourceExhausted, false, |frames| {
            open_with(frames, 1, PATH, &large, None, false)
        });
    assert_eq!(events, [""; 0], "it was never told");
    let opener = || {
        let mut victim = Victim::new(Side::Connector, small_limits());
        victim.peer.open(None, true);
        victim.peer.output();
        victim
    };
    let failed = ["1 reset ResourceExhausted by Limit"];
    let headers = |frames: &mut FrameWriter| frames.headers(1, &large);
    assert_eq!(opener().answers_reset(Code::ResourceExhausted, false, headers), failed);
    let with_headers = |frames: &mut FrameWriter| status(frames, Some(&large), None);
    assert_eq!(opener().answers_reset(Code::ResourceExhausted, false, with_headers), failed);
    let trailers = |frames: &mut FrameWriter| {
        let fields = StatusFields {
            code: 0,
            headers: None,
            text: "",
            trailers: &large,
            message: None,
            compressed: false,
        };
        frames.status(1, &fields);
    };
    assert_eq!(opener().answers_reset(Code::ResourceExhausted, false, trailers), failed);
}

#[test]
fn a_message_over_the_limit_fails_its_stream() {
    let large = [0; 11];
    Victim::new(Side::Acceptor, small_limits()).answers_reset(Code::ResourceExhausted, false, |frames| {
        open_with(frames, 1, PATH, &MetadataBlock::new(), Some(&large), false);
    });
    let opener = || {
        let mut victim = Victim::new(Side::Connector, small_limits());
        victim.peer.open(None, true);
        victim.receive(|frames| frames.headers(1, &MetadataBlock::new()));
        victim.peer.output();
        victim
    };
    let failed = ["1 headers", "1 reset ResourceExhausted by Limit"];
    let first_piece = |frames: &mut FrameWriter| frames.message(1, b"x", 10, false, false);
    assert_eq!(opener().answers_reset(Code::ResourceExhausted, false, first_piece), failed);
    let last = |frames: &mut FrameWriter| status(frames, None, Some(&large));
    assert_eq!(opener().answers_reset(Code::ResourceExhausted, false, last), failed);
}

#[test]
fn a_compressed_message_without_the_feature_fails_its_stream() {
    let mut gzip = MetadataBlock::new();
    gzip.push("grpc-encoding", b"gzip").expect("a good key");
    for metadata in [MetadataBlock::new(), gzip] {
        Victim::acceptor().answers_reset(Code::Unimplemented, false, |frames| {
            open_with(frames, 1, PATH, &metadata, Some(b"x"), true);
        });
    }
    let compressed = |frames: &mut FrameWriter| frames.message(1, b"x", 0, true, false);
    let events = Victim::server().answers_reset(Code::Unimplemented, false, compressed);
    assert_eq!(events, ["1 reset Unimplemented by Limit"]);
}

#[test]
fn headers_and_status_from_the_opener_are_errors() {
    Victim::server().breaks_the_protocol(|frames| frames.headers(1, &MetadataBlock::new()));
    Victim::server().breaks_the_protocol(|frames| status(frames, None, None));
}

#[test]
fn a_second_headers_is_an_error() {
    Victim::opener(true).breaks_the_protocol(|frames| {
        frames.headers(1, &MetadataBlock::new());
        frames.message(1, b"x", 0, false, false);
        frames.headers(1, &MetadataBlock::new());
    });
    Victim::opener(true).breaks_the_protocol(|frames| {
        frames.headers(1, &MetadataBlock::new());
        status(frames, Some(&MetadataBlock::new()), None);
    });
}

#[test]
fn a_message_from_the_acceptor_before_headers_or_with_end_is_an_error() {
    Victim::opener(true).breaks_the_protocol(|frames| frames.message(1, b"x", 0, false, false));
    Victim::opener(true).breaks_the_protocol(|frames| status(frames, None, Some(b"x")));
    Victim::opener(true).breaks_the_protocol(|frames| {
        frames.headers(1, &MetadataBlock::new());
        frames.message(1, b"x", 0, false, true);
    });
    Victim::opener(true).breaks_the_protocol(|frames| frames.half_close(1));
}

#[test]
fn a_message_from_the_opener_after_end_is_an_error() {
    Victim::server().breaks_the_protocol(|frames| {
        frames.message(1, b"x", 0, false, true);
        frames.message(1, b"x", 0, false, false);
    });
}

#[test]
fn more_than_the_credit_allows_is_a_flow_control_error() {
    let limits = Hello { max_message_bytes: 0, ..small_limits() };
    let acceptor = || Victim::new(Side::Acceptor, limits.clone());
    acceptor().dies(GoAwayCode::FlowControlError, |frames| {
        open_with(frames, 1, PATH, &MetadataBlock::new(), Some(&[0; 1009]), false);
    });
    acceptor().dies(GoAwayCode::FlowControlError, |frames| {
        open(frames, 1, PATH);
        for _ in 0..65 {
            frames.message(1, b"", 0, false, false);
        }
    });
    let mut opener = Victim::new(Side::Connector, limits.clone());
    opener.peer.open(None, true);
    opener.peer.output();
    opener.dies(GoAwayCode::FlowControlError, |frames| {
        status(frames, Some(&MetadataBlock::new()), Some(&[0; 1009]));
    });
}

#[test]
fn a_credit_of_nothing_or_of_too_much_is_an_error() {
    Victim::server().breaks_the_protocol(|frames| frames.credit(1, 0));
    Victim::server().breaks_the_protocol(|frames| frames.credit(1, i32::MAX as u32 - 262_144 + 1));
    Victim::server().breaks_the_protocol(|frames| frames.credit(1, u32::MAX));
    Victim::server().ignores(|frames| frames.credit(1, i32::MAX as u32 - 262_144));
}

#[test]
fn a_reset_without_a_code_or_refused_by_the_opener_is_an_error() {
    Victim::server().breaks_the_protocol(|frames| frames.reset(1, 0, "", false));
    Victim::server().breaks_the_protocol(|frames| frames.reset(1, 1, "", true));
}

#[test]
fn a_second_hello_is_an_error() {
    Victim::acceptor().breaks_the_protocol(|frames| frames.hello(&hello()));
}

#[test]
fn a_stream_id_where_none_belongs_and_none_where_one_does_are_errors() {
    let header = |type_number: u8, stream: u8| {
        let mut bytes = vec![0; 16];
        (bytes[4], bytes[8]) = (type_number, stream);
        bytes
    };
    for type_number in [1, 8, 9] {
        let mut victim = Victim::server();
        victim.peer.connection.receive(&header(type_number, 1));
        victim.breaks_the_protocol(|_| {});
    }
    for type_number in 2..=7 {
        let mut victim = Victim::server();
        victim.peer.connection.receive(&header(type_number, 0));
        victim.breaks_the_protocol(|_| {});
    }
}

#[test]
fn anything_but_hello_and_goaway_before_hello_is_an_error() {
    for type_number in (0..=255u8).filter(|number| ![1, 9].contains(number)) {
        let mut peer = Peer::new(Side::Acceptor, settings());
        let mut header = [0; 16];
        header[4] = type_number;
        peer.connection.receive(&[&PREFACE[..], &header].concat());
        assert_eq!(peer.all_events(), ["closed Malformed malformed"]);
    }
}

#[test]
fn a_frame_that_is_too_long_is_an_error_from_the_header_alone() {
    let too_long = hex("01000100040200000100000000000000");
    let mut victim = Victim::server();
    victim.peer.connection.receive(&too_long);
    victim.dies(GoAwayCode::FrameTooLarge, |_| {});
    let mut peer = Peer::new(Side::Connector, settings());
    peer.output();
    peer.connection.receive(&[&PREFACE[..], &hex("01100000010000000000000000000000")].concat());
    assert_eq!(peer.all_events(), ["closed Malformed malformed"]);
}

#[test]
fn a_payload_that_is_too_short_or_too_long_is_an_error() {
    let mut whole = FrameWriter::default();
    open_with(&mut whole, 1, PATH, &block_of(3), None, false);
    let whole = whole.outbound().to_vec();
    let with_payload = |payload: &[u8]| {
        let mut bytes = whole[..16].to_vec();
        bytes[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(payload);
        bytes
    };
    for length in 0..whole.len() - 16 {
        let mut victim = Victim::acceptor();
        victim.peer.connection.receive(&with_payload(&whole[16..16 + length]));
        victim.breaks_the_protocol(|_| {});
    }
    let mut victim = Victim::acceptor();
    victim.peer.connection.receive(&with_payload(&[&whole[16..], b"x"].concat()));
    victim.breaks_the_protocol(|_| {});
}

#[test]
fn an_unknown_type_is_an_error_or_skipped_by_its_number() {
    for type_number in (0..=255u8).filter(|number| !(1..=9).contains(number)) {
        let mut frame = hex("05000000ff0000000700000000000000").to_vec();
        frame[4] = type_number;
        frame.extend_from_slice(b"later");
        let mut victim = Victim::server();
        victim.peer.connection.receive(&frame);
        if type_number < 128 {
            victim.breaks_the_protocol(|_| {});
        } else {
            victim.ignores(|_| {});
        }
    }
}
