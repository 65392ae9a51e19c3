//! Bytes in, frames out.

use bytes::BytesMut;

use super::frame::{Frame, FrameHeader, HEADER_BYTES, Payload};
use super::{GoAwayCode, MAX_HELLO_BYTES, WireError};

/// Cuts bytes, however they arrive, into frames. A frame that is longer than allowed is refused by its header
/// alone; a frame that arrives whole is not copied.
#[derive(Debug)]
pub(crate) struct FrameReader {
    max_frame_bytes: u32,
    /// The beginning of a header that has not arrived whole.
    header: [u8; HEADER_BYTES],
    header_bytes: usize,
    /// The frame whose payload has not arrived whole, and what has arrived of it.
    unfinished: Option<FrameHeader>,
    payload: BytesMut,
}

impl Default for FrameReader {
    /// A reader at the beginning, where no frame is longer than a HELLO may be.
    fn default() -> FrameReader {
        FrameReader {
            max_frame_bytes: MAX_HELLO_BYTES,
            header: [0; HEADER_BYTES],
            header_bytes: 0,
            unfinished: None,
            payload: BytesMut::new(),
        }
    }
}

impl FrameReader {
    /// Sets the longest payload that is taken, from the next frame on.
    pub(crate) fn allow(&mut self, max_frame_bytes: u32) {
        self.max_frame_bytes = max_frame_bytes;
    }

    /// Takes the next frame from the front of `input`, or all of it when no frame is complete.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Frame<'a>>, WireError> {
        let header = match self.unfinished {
            Some(header) => header,
            None => {
                let Some(header) = self.next_header(input) else { return Ok(None) };
                if header.length > self.max_frame_bytes {
                    return Err(WireError {
                        code: GoAwayCode::FrameTooLarge,
                        text: format!(
                            "a frame of {} bytes, but at most {} are taken",
                            header.length, self.max_frame_bytes
                        )
                        .into(),
                    });
                }
                if let Some((payload, rest)) = input.split_at_checked(header.length as usize) {
                    *input = rest;
                    return Ok(Some(Frame { header, payload: Payload::Borrowed(payload) }));
                }
                self.unfinished = Some(header);
                self.payload.reserve(header.length as usize);
                header
            }
        };
        let missing = header.length as usize - self.payload.len();
        let (arrived, rest) = input.split_at(missing.min(input.len()));
        self.payload.extend_from_slice(arrived);
        *input = rest;
        if arrived.len() < missing {
            return Ok(None);
        }
        self.unfinished = None;
        Ok(Some(Frame { header, payload: Payload::Owned(self.payload.split().freeze()) }))
    }

    /// Whether a frame has begun and is not complete.
    pub(crate) fn is_inside_frame(&self) -> bool {
        self.header_bytes > 0 || self.unfinished.is_some()
    }

    fn next_header(&mut self, input: &mut &[u8]) -> Option<FrameHeader> {
        if self.header_bytes == 0 && input.len() >= HEADER_BYTES {
            let (header, rest) = input.split_first_chunk().expect("the length was checked");
            *input = rest;
            return Some(FrameHeader::decode(header));
        }
        let taken = input.len().min(HEADER_BYTES - self.header_bytes);
        let (arrived, rest) = input.split_at(taken);
        self.header[self.header_bytes..][..taken].copy_from_slice(arrived);
        self.header_bytes += taken;
        *input = rest;
        if self.header_bytes < HEADER_BYTES {
            return None;
        }
        self.header_bytes = 0;
        Some(FrameHeader::decode(&self.header))
    }
}
