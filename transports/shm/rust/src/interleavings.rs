//! The ring and the bells under every interleaving that the memory model allows: the very code that
//! runs over shared memory, over a model checker's cells. Each promise is also seen to break when the
//! order that it rests on is taken away.

use std::sync::atomic::Ordering;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, AtomicU64, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::bells::{arm, disarm, to_ring};
use crate::cells::Cells;
use crate::layout::{Side, WAIT_DATA, WAIT_SPACE};
use crate::ring::{Reader, Writer};

/// What is taken away from the protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    NoFence,
    RelaxedTail,
    RelaxedHead,
}

/// One ring, written by the connector, in the model checker's memory: so small that it is full at once. It finds bytes
/// that are read and written without an order between the two.
struct Model<const RING: usize> {
    flaw: Flaw,
    tail: AtomicU64,
    head: AtomicU64,
    words: [AtomicU32; 2],
    bytes: [UnsafeCell<u8>; RING],
    /// The socket of each side: whether it was rung.
    bells: [(Mutex<bool>, Condvar); 2],
}

// SAFETY: every access to the cells is checked by the model checker.
unsafe impl<const RING: usize> Sync for Model<RING> {}

impl<const RING: usize> Model<RING> {
    fn new(flaw: Flaw) -> Arc<Model<RING>> {
        let bell = || (Mutex::new(false), Condvar::new());
        Arc::new(Model {
            flaw,
            tail: AtomicU64::new(0),
            head: AtomicU64::new(0),
            words: [AtomicU32::new(0), AtomicU32::new(0)],
            bytes: std::array::from_fn(|_| UnsafeCell::new(0)),
            bells: [bell(), bell()],
        })
    }

    fn weaker(&self, flaw: Flaw, order: Ordering) -> Ordering {
        if self.flaw == flaw { Ordering::Relaxed } else { order }
    }

    fn ring(&self, side: Side) {
        let (rung, heard) = &self.bells[side as usize];
        *rung.lock().unwrap() = true;
        heard.notify_one();
    }

    fn sleep(&self, side: Side) {
        let (rung, heard) = &self.bells[side as usize];
        let mut rung = rung.lock().unwrap();
        while !*rung {
            rung = heard.wait(rung).unwrap();
        }
        *rung = false;
    }
}

impl<const RING: usize> Cells for Model<RING> {
    fn ring_bytes(&self) -> u32 {
        RING as u32
    }

    fn tail(&self, _writer: Side, order: Ordering) -> u64 {
        self.tail.load(order)
    }

    fn set_tail(&self, _writer: Side, position: u64, order: Ordering) {
        self.tail.store(position, self.weaker(Flaw::RelaxedTail, order));
    }

    fn head(&self, _writer: Side, order: Ordering) -> u64 {
        self.head.load(order)
    }

    fn set_head(&self, _writer: Side, position: u64, order: Ordering) {
        self.head.store(position, self.weaker(Flaw::RelaxedHead, order));
    }

    fn word(&self, side: Side, order: Ordering) -> u32 {
        self.words[side as usize].load(order)
    }

    fn set_bits(&self, side: Side, bits: u32) -> u32 {
        self.words[side as usize].fetch_or(bits, Ordering::AcqRel)
    }

    fn clear_bits(&self, side: Side, bits: u32) -> u32 {
        self.words[side as usize].fetch_and(!bits, Ordering::AcqRel)
    }

    fn fence(&self) {
        if self.flaw != Flaw::NoFence {
            fence(Ordering::SeqCst);
        }
    }

    fn copy_in(&self, _writer: Side, at: usize, bytes: &[u8]) {
        for (cell, &byte) in self.bytes[at..].iter().zip(bytes) {
            // SAFETY: the checker panics where anybody else uses the cell.
            cell.with_mut(|place| unsafe { *place = byte });
        }
    }

    fn copy_out(&self, _writer: Side, at: usize, bytes: &mut [u8]) {
        for (cell, byte) in self.bytes[at..].iter().zip(bytes) {
            // SAFETY: the checker panics where anybody else writes the cell.
            *byte = cell.with(|place| unsafe { *place });
        }
    }
}

/// Writes one byte after the other, asleep while there is no room.
fn write_all<const RING: usize>(cells: &Model<RING>, bytes: &[u8]) {
    let (side, writer) = (Side::Connector, Writer::of(Side::Connector));
    for byte in bytes.chunks(1) {
        while writer.write(cells, byte).unwrap() == 0 {
            arm(cells, side, WAIT_SPACE);
            if !writer.has_room(cells) {
                cells.sleep(side);
            }
            disarm(cells, side, WAIT_SPACE);
        }
        if to_ring(cells, side, WAIT_DATA, 0) != 0 {
            cells.ring(side.peer());
        }
    }
}

/// Reads so many bytes, asleep while there are none.
fn read_all<const RING: usize>(cells: &Model<RING>, count: usize) -> Vec<u8> {
    let (side, reader) = (Side::Acceptor, Reader::of(Side::Connector));
    let mut bytes = Vec::new();
    while bytes.len() < count {
        let mut buffer = [0; 2];
        match reader.read(cells, &mut buffer).unwrap() {
            0 => {
                arm(cells, side, WAIT_DATA);
                if !reader.has_bytes(cells) {
                    cells.sleep(side);
                }
                disarm(cells, side, WAIT_DATA);
            }
            read => {
                bytes.extend_from_slice(&buffer[..read]);
                if reader.owes_look(cells) && to_ring(cells, side, WAIT_SPACE, 0) != 0 {
                    cells.ring(side.peer());
                }
            }
        }
    }
    bytes
}

/// Sends bytes through a ring under every interleaving with at most `switches` forced switches of
/// the thread.
fn explore<const RING: usize>(flaw: Flaw, bytes: &'static [u8], switches: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(switches);
    model.check(move || {
        let cells = Model::<RING>::new(flaw);
        let theirs = cells.clone();
        let writing = thread::spawn(move || write_all(&theirs, bytes));
        assert_eq!(read_all(&cells, bytes.len()), bytes);
        writing.join().unwrap();
    });
}

#[test]
fn a_reader_that_sleeps_is_woken_and_reads_what_was_written() {
    explore::<2>(Flaw::None, &[1, 2], 4);
}

#[test]
fn a_writer_that_sleeps_for_room_is_woken_and_nothing_is_overwritten() {
    explore::<2>(Flaw::None, &[1, 2, 3], 3);
}

#[test]
fn a_writer_that_sleeps_is_woken_by_a_reader_that_looks_once_for_each_half_of_the_ring() {
    explore::<4>(Flaw::None, &[1, 2, 3, 4, 5], 2);
}

#[test]
#[should_panic(expected = "deadlock")]
fn without_the_fences_a_sleeper_is_not_woken() {
    explore::<2>(Flaw::NoFence, &[1, 2], 3);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn without_release_of_the_writers_position_bytes_are_read_that_are_not_there() {
    explore::<2>(Flaw::RelaxedTail, &[1, 2], 3);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn without_release_of_the_readers_position_bytes_are_overwritten_before_they_are_read() {
    explore::<2>(Flaw::RelaxedHead, &[1, 2, 3], 2);
}
