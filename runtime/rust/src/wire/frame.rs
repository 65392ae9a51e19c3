//! A frame: its header and its payload's bytes.

use std::ops::BitOr;

use bytes::Bytes;

/// The length of a frame's header.
pub(crate) const HEADER_BYTES: usize = 16;

/// The types of frames that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameType {
    Hello = 1,
    Open = 2,
    Headers = 3,
    Message = 4,
    Status = 5,
    Reset = 6,
    Credit = 7,
    Ping = 8,
    GoAway = 9,
}

impl FrameType {
    /// Every type, by its number from 1.
    const ALL: [FrameType; 9] = [
        FrameType::Hello,
        FrameType::Open,
        FrameType::Headers,
        FrameType::Message,
        FrameType::Status,
        FrameType::Reset,
        FrameType::Credit,
        FrameType::Ping,
        FrameType::GoAway,
    ];

    /// The type with this number, where it is known.
    pub(crate) fn from_number(number: u8) -> Option<FrameType> {
        FrameType::ALL.get(usize::from(number).wrapping_sub(1)).copied()
    }
}

/// The flags of a frame. One bit may mean different things on different types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(pub(crate) u8);

impl Flags {
    pub(crate) const NONE: Flags = Flags(0);
    /// On OPEN and MESSAGE: the opener sends no further message.
    pub(crate) const END: Flags = Flags(0x01);
    /// On PING: the answer to one.
    pub(crate) const ACK: Flags = Flags(0x01);
    /// On RESET: the call was not handed to a handler.
    pub(crate) const REFUSED: Flags = Flags(0x01);
    /// On OPEN, MESSAGE and STATUS: the frame carries message bytes.
    pub(crate) const MESSAGE: Flags = Flags(0x02);
    /// On OPEN: the payload begins with the method's path.
    pub(crate) const PATH: Flags = Flags(0x04);
    /// On OPEN: the payload holds the time that is left.
    pub(crate) const DEADLINE: Flags = Flags(0x08);
    /// On OPEN, MESSAGE and STATUS: the message that begins here is compressed.
    pub(crate) const COMPRESSED: Flags = Flags(0x10);
    /// On STATUS: the payload begins with the response headers.
    pub(crate) const HEADERS: Flags = Flags(0x40);

    /// Whether the flag is among these.
    pub(crate) const fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    /// The flag where `set`, no flag otherwise.
    pub(crate) const fn when(self, set: bool) -> Flags {
        if set { self } else { Flags::NONE }
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// The header of a frame. Its `length` counts the payload alone; its type may be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) length: u32,
    pub(crate) type_number: u8,
    pub(crate) flags: Flags,
    pub(crate) stream: u32,
    pub(crate) word: u32,
}

impl FrameHeader {
    /// Reads a header.
    pub(crate) fn decode(bytes: &[u8; HEADER_BYTES]) -> FrameHeader {
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        FrameHeader {
            length: number(0),
            type_number: bytes[4],
            flags: Flags(bytes[5]),
            stream: number(8),
            word: number(12),
        }
    }

    /// The header's bytes.
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&self.length.to_le_bytes());
        bytes[4] = self.type_number;
        bytes[5] = self.flags.0;
        bytes[8..12].copy_from_slice(&self.stream.to_le_bytes());
        bytes[12..].copy_from_slice(&self.word.to_le_bytes());
        bytes
    }
}

/// The bytes of a payload: still where they were received, or in a buffer of their own when they
/// arrived in parts.
#[derive(Clone, Debug)]
pub(crate) enum Payload<'a> {
    Borrowed(&'a [u8]),
    Owned(Bytes),
}

impl Payload<'_> {
    /// All of the payload.
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Payload::Borrowed(bytes) => bytes,
            Payload::Owned(bytes) => bytes,
        }
    }

    /// The last `length` bytes, to keep: copied only where they are borrowed.
    #[inline]
    pub(crate) fn tail(&self, length: usize) -> Bytes {
        match self {
            Payload::Borrowed(bytes) => Bytes::copy_from_slice(&bytes[bytes.len() - length..]),
            Payload::Owned(bytes) => bytes.slice(bytes.len() - length..),
        }
    }
}

/// A whole frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) header: FrameHeader,
    pub(crate) payload: Payload<'a>,
}
