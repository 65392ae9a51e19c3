//! Frames to bytes and back, as PROTOCOL.md fixes them. Pure: no I/O, no clock, no threads.

mod error;
mod frame;
mod hello;
mod metadata;
mod payload;
mod preface;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use error::{GoAwayCode, WireError};
pub(crate) use frame::{Flags, Frame, FrameType};
pub(crate) use hello::{Hello, Limits};
pub(crate) use metadata::{MetadataBlock, is_reserved};
pub(crate) use payload::{GoAway, Open, Status, decode_headers, decode_ping, decode_reset, is_path};
#[allow(unused_imports)] // for surfaces that listen
pub(crate) use preface::{FirstWord, judge};
pub(crate) use preface::{PREFACE, PrefaceReader};
pub(crate) use reader::FrameReader;
#[allow(unused_imports)] // as above
pub(crate) use writer::farewell;
pub(crate) use writer::{FrameWriter, OpenFields, StatusFields};

/// The newest and only version of the wire that is spoken here.
pub(crate) const VERSION: u32 = 1;
/// The largest HELLO, and the largest frame before it.
pub(crate) const MAX_HELLO_BYTES: u32 = 4096;
/// The longest text of a STATUS or RESET.
pub(crate) const MAX_TEXT_BYTES: usize = 4096;
/// The longest text of a GOAWAY, whose frame then is no longer than any side takes at any time.
const MAX_GO_AWAY_TEXT_BYTES: usize = MAX_TEXT_BYTES - 4;
/// The longest path of a method.
pub(crate) const MAX_PATH_BYTES: usize = 1024;
/// What a piece of a message costs in credit beyond its bytes.
pub(crate) const PIECE_COST: u32 = 16;
/// The largest credit that a stream can hold.
pub(crate) const MAX_CREDIT: u32 = i32::MAX as u32;

/// The text, cut at a character to at most so many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
