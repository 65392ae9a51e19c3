//! The wire as tests write it by hand, for what no end of ours would say.
#![allow(dead_code)] // each test program uses its part

pub const PREFACE: &[u8] = b"\xF5SHOST\r\n";

/// The header of a frame, whose payload may be left out.
pub fn header(kind: u8, flags: u8, stream: u32, word: u32, length: usize) -> Vec<u8> {
    let mut bytes = (length as u32).to_le_bytes().to_vec();
    bytes.extend([kind, flags, 0, 0]);
    bytes.extend(stream.to_le_bytes());
    bytes.extend(word.to_le_bytes());
    bytes
}

pub fn frame(kind: u8, flags: u8, stream: u32, word: u32, payload: &[u8]) -> Vec<u8> {
    [&*header(kind, flags, stream, word, payload.len()), payload].concat()
}
