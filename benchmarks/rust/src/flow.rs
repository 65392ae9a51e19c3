//! Messages streamed through shared memory without anything above it: a ring of slots, with the copies that a
//! transport has too, one into the memory and one out of it. Both ends spin.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Failure;
use crate::spinning::{NAP, spin};

/// As large as the rings that ours have by default.
const SLOTS: u64 = 16;
const SLOT: usize = 64 << 10;

const WRITTEN: usize = 0;
const READ: usize = 128;
const SLOTS_AT: usize = 4096;

/// How much memory it takes.
pub const BYTES: usize = SLOTS_AT + SLOTS as usize * SLOT;

/// One end of it.
pub struct Flow {
    memory: NonNull<u8>,
}

impl Flow {
    /// # Safety
    /// There are [`BYTES`] at `memory`, aligned to a page, for good; nobody else uses them but a `Flow`.
    pub unsafe fn at(memory: NonNull<u8>) -> Flow {
        Flow { memory }
    }

    fn number(&self, at: usize) -> &AtomicU64 {
        // SAFETY: inside the memory, which is there for good.
        let place = unsafe { self.memory.as_ptr().add(at) };
        // SAFETY: aligned to 8, and only used so.
        unsafe { AtomicU64::from_ptr(place.cast()) }
    }

    fn slot(&self, number: u64) -> *mut u8 {
        // SAFETY: one of the slots, inside the memory.
        unsafe { self.memory.as_ptr().add(SLOTS_AT + (number % SLOTS) as usize * SLOT) }
    }

    /// Sends a message piece by piece, each as soon as there is a slot.
    pub fn send(&self, body: &[u8]) -> Result<(), Failure> {
        for piece in body.chunks(SLOT) {
            let written = self.number(WRITTEN).load(Ordering::Relaxed);
            wait(|| written - self.number(READ).load(Ordering::Acquire) < SLOTS)?;
            // SAFETY: the slot is large enough, and the reader has left it.
            unsafe { ptr::copy_nonoverlapping(piece.as_ptr(), self.slot(written), piece.len()) };
            self.number(WRITTEN).store(written + 1, Ordering::Release);
        }
        Ok(())
    }

    /// Receives a message of this size.
    pub fn receive(&self, size: usize, body: &mut Vec<u8>) -> Result<(), Failure> {
        body.clear();
        body.reserve(size);
        while body.len() < size {
            let read = self.number(READ).load(Ordering::Relaxed);
            wait(|| self.number(WRITTEN).load(Ordering::Acquire) > read)?;
            let count = SLOT.min(size - body.len());
            // SAFETY: the writer has filled the slot so far, and leaves it alone until it is read.
            let piece = unsafe { std::slice::from_raw_parts(self.slot(read), count) };
            body.extend_from_slice(piece);
            self.number(READ).store(read + 1, Ordering::Release);
        }
        Ok(())
    }
}

fn wait(holds: impl Fn() -> bool) -> Result<(), Failure> {
    spin(
        || Ok(holds().then_some(())),
        || {
            std::thread::sleep(NAP);
            Ok(())
        },
    )
}
