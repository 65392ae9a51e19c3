//! The layout of the shared memory, byte by byte as in the folder's README. Numbers only.

use samehost_transport_reception::{LEAST_RING_BYTES, MOST_RING_BYTES};

/// The first bytes of the memory.
pub(crate) const MAGIC: [u8; 8] = *b"\xF6SHMMEM\x01";

/// Where the size of a ring is told.
pub(crate) const RING_BYTES_AT: usize = 8;

/// Where the first ring begins.
pub(crate) const HEADER_BYTES: usize = 4096;

/// The reader of the ring that this side writes sleeps until there is something to read.
pub(crate) const WAIT_DATA: u32 = 1;
/// The writer of the ring that this side reads sleeps until there is room.
pub(crate) const WAIT_SPACE: u32 = 2;
/// That writer has plugged the second socket, which is to be emptied.
pub(crate) const PLUGGED: u32 = 4;
/// This side has closed the link, and writes and reads no more.
pub(crate) const CLOSED: u32 = 8;

/// One of the two sides, by who made the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Connector,
    Acceptor,
}

impl Side {
    /// The other one.
    pub const fn peer(self) -> Side {
        match self {
            Side::Connector => Side::Acceptor,
            Side::Acceptor => Side::Connector,
        }
    }

    /// Where the position is up to which this side has written its ring.
    pub const fn tail_at(self) -> usize {
        match self {
            Side::Connector => 128,
            Side::Acceptor => 384,
        }
    }

    /// Where the position is up to which the ring that this side *writes* has been read.
    pub const fn head_at(self) -> usize {
        self.tail_at() + 128
    }

    /// Where the bits are that this side sets for the other one.
    pub const fn word_at(self) -> usize {
        match self {
            Side::Connector => 640,
            Side::Acceptor => 768,
        }
    }

    /// Where the ring is that this side writes.
    pub const fn ring_at(self, ring_bytes: u32) -> usize {
        match self {
            Side::Connector => HEADER_BYTES,
            Side::Acceptor => HEADER_BYTES + ring_bytes as usize,
        }
    }
}

/// How many bytes the memory has.
pub(crate) const fn region_bytes(ring_bytes: u32) -> usize {
    HEADER_BYTES + 2 * ring_bytes as usize
}

/// The size that is given to one who wants `bytes`.
pub(crate) fn ring_size_for(bytes: u32, most: u32) -> u32 {
    let most = most.clamp(LEAST_RING_BYTES, MOST_RING_BYTES);
    // Rounded down where the limit is no power of two.
    let most = 1 << most.ilog2();
    bytes.clamp(LEAST_RING_BYTES, most).next_power_of_two().min(most)
}
