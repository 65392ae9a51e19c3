//! The two ends of a ring.
//!
//! A ring is a stream of bytes between one writer and one reader. Positions count the bytes since
//! the beginning and never wrap; the place in the ring is the position modulo its size. Each end
//! keeps its own position for itself, and what it last saw of the other's: a cache line of the peer
//! is fetched only when by that there seems to be nothing to do.
//!
//! The peer is not trusted: what it says of its position is checked, and bytes are copied out before
//! anybody looks at them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::cells::Cells;
use crate::layout::Side;

/// The peer claims a position that it cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lie;

/// The writing end of a ring. One thread at a time uses it; should two do so against the rule, bytes
/// are mixed up and nothing else.
pub(crate) struct Writer {
    side: Side,
    tail: AtomicU64,
    /// The reader's position when it was last looked at.
    head: AtomicU64,
}

impl Writer {
    /// The writing end of a new ring.
    pub fn of(side: Side) -> Writer {
        Writer { side, tail: AtomicU64::new(0), head: AtomicU64::new(0) }
    }

    /// One that has written up to `tail`, and has seen the reader at `head`.
    #[cfg(test)]
    pub fn at(side: Side, tail: u64, head: u64) -> Writer {
        Writer { side, tail: AtomicU64::new(tail), head: AtomicU64::new(head) }
    }

    /// Writes what there is room for, and answers how many bytes that were.
    #[inline]
    pub fn write(&self, cells: &impl Cells, bytes: &[u8]) -> Result<usize, Lie> {
        let tail = self.tail.load(Ordering::Relaxed);
        let mut room = self.room_seen(cells, tail);
        if room < bytes.len() {
            room = self.room(cells)?;
        }
        let count = room.min(bytes.len());
        if count == 0 {
            return Ok(0);
        }
        let size = cells.ring_bytes() as usize;
        let at = tail as usize & (size - 1);
        let (first, second) = bytes[..count].split_at(count.min(size - at));
        cells.copy_in(self.side, at, first);
        if !second.is_empty() {
            cells.copy_in(self.side, 0, second);
        }
        let tail = tail + count as u64;
        self.tail.store(tail, Ordering::Relaxed);
        // Release: who sees the position sees the bytes before it.
        cells.set_tail(self.side, tail, Ordering::Release);
        Ok(count)
    }

    /// How much room there is, by the reader's position of now.
    pub fn room(&self, cells: &impl Cells) -> Result<usize, Lie> {
        let tail = self.tail.load(Ordering::Relaxed);
        // Acquire: the reader has done with the bytes before its position, which may be overwritten.
        let head = cells.head(self.side, Ordering::Acquire);
        let (unread, before) =
            (tail.wrapping_sub(head), tail.wrapping_sub(self.head.load(Ordering::Relaxed)));
        // It only moves forward, and never beyond what was written.
        if unread > before {
            return Err(Lie);
        }
        self.head.store(head, Ordering::Relaxed);
        Ok(cells.ring_bytes() as usize - unread as usize)
    }

    /// Whether there is room by now, or else a lie to be found by [`write`](Writer::write). From any
    /// thread: nothing is remembered.
    pub fn has_room(&self, cells: &impl Cells) -> bool {
        let unread = self.tail.load(Ordering::Relaxed).wrapping_sub(cells.head(self.side, Ordering::Acquire));
        unread != u64::from(cells.ring_bytes())
    }

    fn room_seen(&self, cells: &impl Cells, tail: u64) -> usize {
        cells.ring_bytes() as usize - (tail - self.head.load(Ordering::Relaxed)) as usize
    }
}

/// The reading end of a ring, that which `writer` writes. One thread at a time uses it.
pub(crate) struct Reader {
    writer: Side,
    head: AtomicU64,
    /// The writer's position when it was last looked at.
    tail: AtomicU64,
    /// Where this end was when it last looked for a writer that waits for room.
    looked: AtomicU64,
}

impl Reader {
    /// The reading end of a new ring.
    pub fn of(writer: Side) -> Reader {
        Reader::starting(writer, 0, 0)
    }

    /// One that has read up to `head`, and has seen the writer at `tail`.
    #[cfg(test)]
    pub fn at(writer: Side, head: u64, tail: u64) -> Reader {
        Reader::starting(writer, head, tail)
    }

    fn starting(writer: Side, head: u64, tail: u64) -> Reader {
        let (head, tail, looked) = (AtomicU64::new(head), AtomicU64::new(tail), AtomicU64::new(head));
        Reader { writer, head, tail, looked }
    }

    /// Reads what there is room for in `buffer`, and answers how many bytes that were.
    #[inline]
    pub fn read(&self, cells: &impl Cells, buffer: &mut [u8]) -> Result<usize, Lie> {
        let head = self.head.load(Ordering::Relaxed);
        let mut there = (self.tail.load(Ordering::Relaxed) - head) as usize;
        if there == 0 {
            there = self.there(cells)?;
        }
        let count = there.min(buffer.len());
        if count > 0 {
            self.copy(cells, head, &mut buffer[..count]);
            let head = head + count as u64;
            self.head.store(head, Ordering::Relaxed);
            // Release: the bytes were copied before the writer may overwrite them.
            cells.set_head(self.writer, head, Ordering::Release);
        }
        Ok(count)
    }

    /// Whether it is time to look for a writer that waits for room, which [`to_ring`](crate::bells::to_ring) does: it
    /// is once for each half of a ring that was read. A writer that came to wait after the last look has filled a whole
    /// ring from there on, so that the next look comes while there is still something to read. A look costs a full
    /// fence, 20 ns and more, before what was read is handled.
    #[inline]
    pub fn owes_look(&self, cells: &impl Cells) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        let owes = head - self.looked.load(Ordering::Relaxed) >= u64::from(cells.ring_bytes() / 2);
        if owes {
            self.looked.store(head, Ordering::Relaxed);
        }
        owes
    }

    /// Copies the first bytes that there are by now, and leaves them.
    pub fn peek(&self, cells: &impl Cells, buffer: &mut [u8]) -> Result<usize, Lie> {
        let count = self.there(cells)?.min(buffer.len());
        self.copy(cells, self.head.load(Ordering::Relaxed), &mut buffer[..count]);
        Ok(count)
    }

    #[inline]
    fn copy(&self, cells: &impl Cells, head: u64, buffer: &mut [u8]) {
        let size = cells.ring_bytes() as usize;
        let at = head as usize & (size - 1);
        let (first, second) = buffer.split_at_mut(buffer.len().min(size - at));
        cells.copy_out(self.writer, at, first);
        if !second.is_empty() {
            cells.copy_out(self.writer, 0, second);
        }
    }

    /// How many bytes there are to read, by the writer's position of now.
    pub fn there(&self, cells: &impl Cells) -> Result<usize, Lie> {
        let head = self.head.load(Ordering::Relaxed);
        // Acquire: the bytes before the position are there.
        let tail = cells.tail(self.writer, Ordering::Acquire);
        let (there, before) = (tail.wrapping_sub(head), self.tail.load(Ordering::Relaxed).wrapping_sub(head));
        // It only moves forward, and never more than a ring beyond what was read.
        if there < before || there > u64::from(cells.ring_bytes()) {
            return Err(Lie);
        }
        self.tail.store(tail, Ordering::Relaxed);
        Ok(there as usize)
    }

    /// Whether there are bytes by now, or else a lie to be found by [`read`](Reader::read). From any
    /// thread: nothing is remembered.
    pub fn has_bytes(&self, cells: &impl Cells) -> bool {
        cells.tail(self.writer, Ordering::Acquire) != self.head.load(Ordering::Relaxed)
    }
}
