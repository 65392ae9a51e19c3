//! Large buffers that are used again. An allocator gives large memory back to the system and fetches it anew, with a page
//! fault for each 4 KiB: without this a stream of messages of 1 MiB took twice as long. At most [`KEPT_BYTES`] of each
//! size are kept, for whoever needs them next, as long as the process lives. It knows nothing of messages.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The smallest size that is kept; the others are its doubles.
const LEAST_BYTES: usize = 64 << 10;
/// The number of sizes: up to 4 MiB.
const SIZES: usize = 7;
/// So many bytes of a size are kept.
const KEPT_BYTES: usize = LEAST_BYTES << (SIZES - 1);

/// Those of this process.
static BUFFERS: Buffers = Buffers::new();

/// An empty buffer with room for at least so many bytes; for exactly so many where that is little, or very much.
pub(crate) fn take(bytes: usize) -> Vec<u8> {
    BUFFERS.take(bytes)
}

/// Gives a buffer back, where it is of use and there is room.
pub(crate) fn give(buffer: Vec<u8>) {
    BUFFERS.give(buffer);
}

/// The bytes of a buffer, which is given back when nobody has them any more.
pub(crate) fn shared(buffer: Vec<u8>) -> Bytes {
    BUFFERS.shared(buffer)
}

/// For each size the buffers that are kept, all empty, the last one given at the end.
struct Buffers(Mutex<[Vec<Vec<u8>>; SIZES]>);

impl Buffers {
    const fn new() -> Buffers {
        Buffers(Mutex::new([const { Vec::new() }; SIZES]))
    }

    fn kept(&self) -> MutexGuard<'_, [Vec<Vec<u8>>; SIZES]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: usize) -> Vec<u8> {
        if bytes <= LEAST_BYTES / 2 || bytes > KEPT_BYTES {
            return Vec::with_capacity(bytes);
        }
        let size = size(bytes);
        let kept = self.kept()[size].pop();
        kept.unwrap_or_else(|| Vec::with_capacity(LEAST_BYTES << size))
    }

    fn give(&self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if !(LEAST_BYTES..=KEPT_BYTES).contains(&capacity) || !capacity.is_power_of_two() {
            return;
        }
        buffer.clear();
        let kept = &mut self.kept()[size(capacity)];
        if kept.len() < KEPT_BYTES / capacity {
            kept.push(buffer);
        }
    }

    fn shared(&'static self, buffer: Vec<u8>) -> Bytes {
        match buffer.capacity() {
            LEAST_BYTES.. => Bytes::from_owner(Shared { buffer, of: self }),
            _ => buffer.into(),
        }
    }
}

struct Shared {
    buffer: Vec<u8>,
    of: &'static Buffers,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.of.give(std::mem::take(&mut self.buffer));
    }
}

/// The number of the smallest size with so many bytes.
fn size(bytes: usize) -> usize {
    (bytes.div_ceil(LEAST_BYTES).next_power_of_two()).ilog2() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_any_more_is_used_again() {
        static BUFFERS: Buffers = Buffers::new();
        let kept = || BUFFERS.kept()[SIZES - 1].len();
        let mut buffer = BUFFERS.take(KEPT_BYTES - 7);
        buffer.extend_from_slice(b"abc");
        let (at, bytes) = (buffer.as_ptr(), BUFFERS.shared(buffer));
        let slice = bytes.slice(1..);
        drop(bytes);
        assert_eq!((kept(), &slice[..]), (0, &b"bc"[..]), "somebody still has a slice of it");
        drop(slice);
        assert_eq!(kept(), 1);
        let again = BUFFERS.take(KEPT_BYTES);
        assert_eq!((again.as_ptr(), again.len(), kept()), (at, 0, 0));
        // There is room for one of this size.
        BUFFERS.give(Vec::with_capacity(KEPT_BYTES));
        BUFFERS.give(again);
        assert_eq!(kept(), 1);
    }

    #[test]
    fn a_size_is_the_smallest_with_room() {
        for (bytes, room) in [
            (0, 0),
            (LEAST_BYTES / 2, LEAST_BYTES / 2),
            (LEAST_BYTES / 2 + 1, LEAST_BYTES),
            (LEAST_BYTES, LEAST_BYTES),
            (LEAST_BYTES + 1, 2 * LEAST_BYTES),
            (KEPT_BYTES / 2 + 1, KEPT_BYTES),
            (KEPT_BYTES + 1, KEPT_BYTES + 1),
        ] {
            assert_eq!(Buffers::new().take(bytes).capacity(), room, "{bytes}");
        }
    }
}
