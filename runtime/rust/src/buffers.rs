//! Large buffers that are used again. An allocator gives large memory back to the system and fetches it anew, with a page
//! fault for each 4 KiB: without this a stream of messages of 1 MiB took twice as long. At most [`KEPT_BYTES`] of each
//! size are kept, for whoever needs them next, as long as the process lives. It knows nothing of messages.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// The smallest size that is kept; the others are its doubles.
const LEAST_BYTES: usize = 64 << 10;
/// The number of sizes: up to 4 MiB.
const SIZES: usize = 7;
/// So many bytes of a size are kept.
const KEPT_BYTES: usize = LEAST_BYTES << (SIZES - 1);

/// For each size the buffers that are kept, all empty, the last one given at the end.
static KEPT: Mutex<[Vec<Vec<u8>>; SIZES]> = Mutex::new([const { Vec::new() }; SIZES]);

/// An empty buffer with room for at least so many bytes; for exactly so many where that is little, or very much.
pub(crate) fn take(bytes: usize) -> Vec<u8> {
    if bytes <= LEAST_BYTES / 2 || bytes > KEPT_BYTES {
        return Vec::with_capacity(bytes);
    }
    let size = size(bytes);
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner)[size].pop();
    kept.unwrap_or_else(|| Vec::with_capacity(LEAST_BYTES << size))
}

/// Gives a buffer back, where it is of use and there is room.
pub(crate) fn give(mut buffer: Vec<u8>) {
    let capacity = buffer.capacity();
    if !(LEAST_BYTES..=KEPT_BYTES).contains(&capacity) || !capacity.is_power_of_two() {
        return;
    }
    buffer.clear();
    let kept = &mut KEPT.lock().unwrap_or_else(PoisonError::into_inner)[size(capacity)];
    if kept.len() < KEPT_BYTES / capacity {
        kept.push(buffer);
    }
}

/// The bytes of a buffer, which is given back when nobody has them any more.
pub(crate) fn shared(buffer: Vec<u8>) -> Bytes {
    match buffer.capacity() {
        LEAST_BYTES.. => Bytes::from_owner(Shared(buffer)),
        _ => buffer.into(),
    }
}

struct Shared(Vec<u8>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

/// The number of the smallest size with so many bytes.
fn size(bytes: usize) -> usize {
    (bytes.div_ceil(LEAST_BYTES).next_power_of_two()).ilog2() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No other test takes buffers of this size.
    const OWN: usize = KEPT_BYTES;

    fn kept() -> usize {
        KEPT.lock().unwrap()[SIZES - 1].len()
    }

    #[test]
    fn what_nobody_has_any_more_is_used_again() {
        let mut buffer = take(OWN - 7);
        buffer.extend_from_slice(b"abc");
        let (at, bytes) = (buffer.as_ptr(), shared(buffer));
        let slice = bytes.slice(1..);
        drop(bytes);
        assert_eq!((kept(), &slice[..]), (0, &b"bc"[..]), "somebody still has a slice of it");
        drop(slice);
        assert_eq!(kept(), 1);
        let again = take(OWN);
        assert_eq!((again.as_ptr(), again.len(), kept()), (at, 0, 0));
        // There is room for one of this size.
        give(Vec::with_capacity(OWN));
        give(again);
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
            assert_eq!(take(bytes).capacity(), room, "{bytes}");
        }
    }
}
