//! Identifiers of streams: serial numbers that wrap.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{Side, StreamId};

/// Whether `id` is later than `other`, both of one side.
pub(super) fn is_later(id: StreamId, other: StreamId) -> bool {
    (1..1 << 31).contains(&id.wrapping_sub(other))
}

/// Whether streams with this id are opened by this side of the link.
pub(super) fn is_opened_by(id: StreamId, side: Side) -> bool {
    match side {
        Side::Connector => id % 2 == 1,
        Side::Acceptor => id.is_multiple_of(2),
    }
}

/// The usual id of the first stream that a side opens.
pub(super) fn first_of(side: Side) -> StreamId {
    match side {
        Side::Connector => 1,
        Side::Acceptor => 2,
    }
}

/// The id behind this one; 0 is none.
pub(super) fn after(id: StreamId) -> StreamId {
    match id.wrapping_add(2) {
        0 => 2,
        next => next,
    }
}

/// A hasher for ids, which are small and mostly in sequence: one multiplication.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IdHasher(u64);

/// What a map by id is built with.
pub(super) type HashIds = BuildHasherDefault<IdHasher>;

/// A map with room for a few streams: one that is almost full would clean itself up again and again, as streams
/// come and go.
pub(super) fn map<T>() -> HashMap<StreamId, T, HashIds> {
    HashMap::with_capacity_and_hasher(14, HashIds::default())
}

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(byte.into());
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
