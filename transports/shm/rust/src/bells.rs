//! How a side sleeps without missing what the other one does, and who wakes it.
//!
//! ```text
//!   sleeper                              the other side
//!   1. sets its bit                      1. moves its position (bytes written, or read)
//!   2. full fence                        2. full fence
//!   3. looks at the positions again      3. looks at the sleeper's bit; when it is set, clears it,
//!   4. sleeps on the socket                 and whoever cleared it rings
//! ```
//!
//! Without the fences both could do their third step before the other's first one was seen, and the
//! sleeper would sleep though there is something to do. This dance stands here alone.

use std::sync::atomic::Ordering;

use crate::cells::Cells;
use crate::layout::Side;

/// Says that `side` is about to sleep: from now on the peer rings for what the bits name. Whoever
/// calls this looks at the positions once more before sleeping.
pub(crate) fn arm(cells: &impl Cells, side: Side, bits: u32) {
    cells.set_bits(side, bits);
    // The bit must be seen by the peer before the positions are looked at again.
    cells.fence();
}

/// Takes back what [`arm`] said. Answers the bits that the peer had cleared: it has rung, or is about to.
pub(crate) fn disarm(cells: &impl Cells, side: Side, bits: u32) -> u32 {
    bits & !cells.clear_bits(side, bits)
}

/// To be called after a position of `side` was moved: answers the bits for which the peer is to be
/// woken by the caller, and by nobody else. `with` are bits that are cleared along with `bit`.
#[inline]
pub(crate) fn to_ring(cells: &impl Cells, side: Side, bit: u32, with: u32) -> u32 {
    // The position must be seen by the peer before its bits are looked at.
    cells.fence();
    if cells.word(side.peer(), Ordering::Relaxed) & bit == 0 {
        return 0;
    }
    let was = cells.clear_bits(side.peer(), bit | with);
    if was & bit == 0 { 0 } else { was & (bit | with) }
}
