//! Replays the vectors of what is said before there is shared memory.

use std::path::Path;

use samehost_transport_api::FirstBytes;
use samehost_transport_reception::{ACK, Answer, Answered, NAK, Offer};
use serde_json::Value;

fn vectors() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../proto/vectors/shm.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn list(name: &str) -> Vec<Value> {
    vectors()[name].as_array().unwrap().clone()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap() as u32
}

#[test]
fn offers_are_told_from_all_else_by_their_first_byte_and_are_the_vectors() {
    for vector in list("offers") {
        let offer =
            Offer { version: number(&vector["version"]) as u8, ring_bytes: number(&vector["ring_bytes"]) };
        let bytes = bytes(&vector["hex"]);
        assert_eq!(offer.encode()[..], bytes);
        assert_eq!(Offer::decode(bytes.first_chunk().unwrap()), offer);
        for end in 1..bytes.len() {
            assert_eq!(Offer::judge(&bytes[..end]), FirstBytes::More);
        }
        assert_eq!(Offer::judge(&bytes), FirstBytes::Yes);
    }
    for other in [&b"\xF5SHOST\r\n"[..], b"P", b"\xF6SHX"] {
        assert_eq!(Offer::judge(other), FirstBytes::No);
    }
}

#[test]
fn answers_are_the_vectors_and_wait_for_their_last_byte() {
    for vector in list("answers") {
        let version = number(&vector["version"]) as u8;
        let answer = if vector["verdict"] == "accepted" {
            Answer::Accepted { version, ring_bytes: number(&vector["ring_bytes"]) }
        } else {
            let reason = vector["reason"].as_str().unwrap().to_owned();
            Answer::Refused { version, errno: number(&vector["errno"]), reason }
        };
        let bytes = bytes(&vector["hex"]);
        assert_eq!(answer.encode(), bytes);
        for end in 0..bytes.len() {
            assert_eq!(Answer::decode(&bytes[..end]), Answered::More);
        }
        assert_eq!(Answer::decode(&bytes), Answered::Whole(answer, bytes.len()));
    }
}

#[test]
fn what_is_no_answer_is_refused() {
    for vector in list("no_answers") {
        let found = Answer::decode(&bytes(&vector["hex"]));
        assert!(matches!(found, Answered::Nonsense(_)), "{}: {found:?}", vector["what"]);
    }
}

#[test]
fn a_verdict_is_one_byte() {
    assert_eq!(
        (vec![ACK], vec![NAK]),
        (bytes(&vectors()["verdicts"]["ack"]), bytes(&vectors()["verdicts"]["nak"]))
    );
}

#[test]
fn a_text_that_is_too_long_is_cut_between_two_characters() {
    let reason = "ö".repeat(1000);
    let bytes = Answer::Refused { version: 1, errno: 0, reason }.encode();
    let Answered::Whole(Answer::Refused { reason, .. }, _) = Answer::decode(&bytes) else {
        panic!("refused")
    };
    assert_eq!(reason, "ö".repeat(512));
}
