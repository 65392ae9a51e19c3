//! Frames in, bytes out.

use super::frame::{Flags, FrameHeader, FrameType, HEADER_BYTES};
use super::{GoAwayCode, Hello, MAX_GO_AWAY_TEXT_BYTES, MAX_TEXT_BYTES, MetadataBlock, PREFACE, cut};
use crate::buffers;

/// A longer buffer is given back when it is empty.
const KEPT_BYTES: usize = 64 << 10;

/// What an OPEN is to say.
pub(crate) struct OpenFields<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) deadline_nanos: Option<u64>,
    pub(crate) metadata: &'a MetadataBlock,
    pub(crate) message: Option<&'a [u8]>,
    pub(crate) compressed: bool,
    pub(crate) end: bool,
}

impl OpenFields<'_> {
    /// The length of the payload without the message.
    pub(crate) fn size(&self) -> usize {
        self.path.map_or(0, |path| 2 + path.len())
            + self.deadline_nanos.map_or(0, |_| 8)
            + (2 + self.metadata.size())
    }
}

/// What a STATUS is to say. The text is of at most 4,096 bytes.
pub(crate) struct StatusFields<'a> {
    pub(crate) code: u32,
    pub(crate) headers: Option<&'a MetadataBlock>,
    pub(crate) text: &'a str,
    pub(crate) trailers: &'a MetadataBlock,
    pub(crate) message: Option<&'a [u8]>,
    pub(crate) compressed: bool,
}

impl<'a> StatusFields<'a> {
    /// A response that went well, and has one message, which is not compressed.
    pub(crate) fn of_response(headers: &'a MetadataBlock, message: &'a [u8]) -> StatusFields<'a> {
        const NONE: &MetadataBlock = &MetadataBlock::new();
        let (headers, message) = (Some(headers), Some(message));
        StatusFields { code: 0, headers, text: "", trailers: NONE, message, compressed: false }
    }

    /// The length of the payload without the message.
    pub(crate) fn size(&self) -> usize {
        self.headers.map_or(0, |headers| 2 + headers.size())
            + (2 + self.text.len())
            + (2 + self.trailers.size())
    }
}

/// Appends frames to the bytes that wait to be written. It checks no rule: that is its caller's.
#[derive(Debug, Default)]
pub(crate) struct FrameWriter {
    buffer: Vec<u8>,
    /// How many bytes at the front of the buffer were written already.
    written: usize,
}

impl FrameWriter {
    /// The bytes that wait, oldest first.
    pub(crate) fn outbound(&self) -> &[u8] {
        &self.buffer[self.written..]
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.buffer.len() - self.written
    }

    /// How much memory the buffer takes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// So many of the waiting bytes were written.
    pub(crate) fn sent(&mut self, bytes: usize) {
        assert!(bytes <= self.len(), "more was sent than was there");
        self.written += bytes;
        if self.written == self.buffer.len() {
            self.clear();
        }
    }

    /// Drops what waits.
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.written = 0;
        if self.buffer.capacity() > KEPT_BYTES {
            buffers::give(std::mem::take(&mut self.buffer));
        }
    }

    /// The preface.
    pub(crate) fn preface(&mut self) {
        self.buffer.extend_from_slice(&PREFACE);
    }

    /// A HELLO.
    pub(crate) fn hello(&mut self, hello: &Hello) {
        let payload = hello.encode();
        self.header(FrameType::Hello, Flags::NONE, 0, 0, payload.len());
        self.buffer.extend_from_slice(&payload);
    }

    /// An OPEN.
    pub(crate) fn open(&mut self, stream: u32, word: u32, open: &OpenFields<'_>) {
        let flags = Flags::END.when(open.end)
            | Flags::MESSAGE.when(open.message.is_some())
            | Flags::PATH.when(open.path.is_some())
            | Flags::DEADLINE.when(open.deadline_nanos.is_some())
            | Flags::COMPRESSED.when(open.message.is_some() && open.compressed);
        let message = open.message.unwrap_or_default();
        self.header(FrameType::Open, flags, stream, word, open.size() + message.len());
        if let Some(path) = open.path {
            self.short_text(path);
        }
        if let Some(nanos) = open.deadline_nanos {
            self.buffer.extend_from_slice(&nanos.to_le_bytes());
        }
        self.metadata(open.metadata);
        self.buffer.extend_from_slice(message);
    }

    /// A HEADERS.
    pub(crate) fn headers(&mut self, stream: u32, headers: &MetadataBlock) {
        self.header(FrameType::Headers, Flags::NONE, stream, 0, 2 + headers.size());
        self.metadata(headers);
    }

    /// A message or a piece of one, after which so many bytes of it follow. `compressed` goes with the
    /// first piece alone.
    pub(crate) fn message(&mut self, stream: u32, piece: &[u8], to_come: u32, compressed: bool, end: bool) {
        let flags = Flags::MESSAGE | Flags::COMPRESSED.when(compressed) | Flags::END.when(end);
        self.header(FrameType::Message, flags, stream, to_come, piece.len());
        self.buffer.extend_from_slice(piece);
    }

    /// A bare half-close.
    pub(crate) fn half_close(&mut self, stream: u32) {
        self.header(FrameType::Message, Flags::END, stream, 0, 0);
    }

    /// A STATUS.
    pub(crate) fn status(&mut self, stream: u32, status: &StatusFields<'_>) {
        let flags = Flags::HEADERS.when(status.headers.is_some())
            | Flags::MESSAGE.when(status.message.is_some())
            | Flags::COMPRESSED.when(status.message.is_some() && status.compressed);
        let message = status.message.unwrap_or_default();
        self.header(FrameType::Status, flags, stream, status.code, status.size() + message.len());
        if let Some(headers) = status.headers {
            self.metadata(headers);
        }
        self.short_text(status.text);
        self.metadata(status.trailers);
        self.buffer.extend_from_slice(message);
    }

    /// A RESET.
    pub(crate) fn reset(&mut self, stream: u32, code: u32, text: &str, refused: bool) {
        let text = cut(text, MAX_TEXT_BYTES);
        self.header(FrameType::Reset, Flags::REFUSED.when(refused), stream, code, text.len());
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// A CREDIT.
    pub(crate) fn credit(&mut self, stream: u32, granted: u32) {
        self.header(FrameType::Credit, Flags::NONE, stream, granted, 0);
    }

    /// A PING, or the answer to one.
    pub(crate) fn ping(&mut self, data: &[u8; 8], ack: bool) {
        self.header(FrameType::Ping, Flags::ACK.when(ack), 0, 0, data.len());
        self.buffer.extend_from_slice(data);
    }

    /// A GOAWAY.
    pub(crate) fn go_away(&mut self, last_stream: u32, code: GoAwayCode, text: &str) {
        let text = cut(text, MAX_GO_AWAY_TEXT_BYTES);
        self.header(FrameType::GoAway, Flags::NONE, 0, last_stream, 4 + text.len());
        self.buffer.extend_from_slice(&(code as u32).to_le_bytes());
        self.buffer.extend_from_slice(text.as_bytes());
    }

    #[inline(always)]
    fn header(&mut self, frame_type: FrameType, flags: Flags, stream: u32, word: u32, length: usize) {
        self.make_room(HEADER_BYTES + length);
        let header =
            FrameHeader { length: length as u32, type_number: frame_type as u8, flags, stream, word };
        self.buffer.extend_from_slice(&header.encode());
    }

    /// Moves what waits to the front where that saves a larger buffer: only when at least half was written, so that no
    /// byte is moved more than once on average.
    fn make_room(&mut self, bytes: usize) {
        if self.buffer.len() + bytes <= self.buffer.capacity() {
            return;
        }
        if self.written >= self.buffer.len() / 2 {
            self.buffer.drain(..self.written);
            self.written = 0;
        }
        let needed = self.buffer.len() + bytes;
        if needed > KEPT_BYTES && needed > self.buffer.capacity() {
            let mut larger = buffers::take(needed);
            larger.extend_from_slice(&self.buffer);
            buffers::give(std::mem::replace(&mut self.buffer, larger));
        }
    }

    #[inline]
    fn short_text(&mut self, text: &str) {
        self.buffer.extend_from_slice(&(text.len() as u16).to_le_bytes());
        self.buffer.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn metadata(&mut self, block: &MetadataBlock) {
        self.buffer.extend_from_slice(block.as_bytes());
    }
}

/// What a listener says to a peer that it turns away before any HELLO: a preface and a GOAWAY.
pub(crate) fn farewell(code: GoAwayCode, text: &str) -> Vec<u8> {
    let mut writer = FrameWriter::default();
    writer.preface();
    writer.go_away(0, code, text);
    writer.buffer
}
