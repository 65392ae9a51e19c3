//! Reads `proto/vectors` for the tests.

use std::path::Path;

use bytes::Bytes;
use serde_json::Value;

use crate::wire::{Hello, MetadataBlock};

/// The cases of a file.
pub(crate) fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/vectors").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a file of vectors is a list of cases")
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is a text in {value}"))
}

pub(crate) fn number(value: &Value, key: &str) -> u32 {
    value[key]
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

/// The bytes of a text in hex.
pub(crate) fn hex(text: &str) -> Bytes {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hex") as u8;
    assert!(text.len().is_multiple_of(2), "whole bytes: {text}");
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The bytes in hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list of pairs; no pair where the key is absent.
pub(crate) fn metadata(value: &Value) -> MetadataBlock {
    let mut block = MetadataBlock::new();
    for pair in value.as_array().into_iter().flatten() {
        let (key, value) = (pair[0].as_str().expect("a key"), pair[1].as_str().expect("a value"));
        block.push(key, &hex(value)).expect("a key of a vector is valid");
    }
    block
}

/// The fields of a HELLO.
pub(crate) fn hello(value: &Value) -> Hello {
    let mut hello = Hello::default();
    for (field, value) in value.as_object().expect("the fields of a HELLO") {
        let number = || value.as_u64().expect("a number");
        let short = || u32::try_from(number()).expect("a uint32");
        match field.as_str() {
            "min_version" => hello.min_version = short(),
            "max_version" => hello.max_version = short(),
            "implementation" => value.as_str().expect("a text").clone_into(&mut hello.implementation),
            "pid" => hello.pid = number(),
            "pid_namespace" => hello.pid_namespace = number(),
            "features" => {
                let features = value.as_array().expect("a list").iter();
                hello.features = features.map(|name| name.as_str().expect("a name").to_owned()).collect();
            }
            "max_frame_bytes" => hello.max_frame_bytes = short(),
            "initial_credit" => hello.initial_credit = short(),
            "max_message_bytes" => hello.max_message_bytes = short(),
            "max_metadata_bytes" => hello.max_metadata_bytes = short(),
            "max_streams" => hello.max_streams = short(),
            "max_methods" => hello.max_methods = short(),
            _ => panic!("an unknown field of HELLO: {field}"),
        }
    }
    hello
}
