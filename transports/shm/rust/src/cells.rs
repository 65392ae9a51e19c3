//! What a ring is made of.

use std::sync::atomic::Ordering;

use crate::layout::Side;

/// The cells of the shared memory: two positions a ring, a word of bits a side, and the rings' bytes.
/// The protocol above ([`ring`](crate::ring), [`bells`](crate::bells)) uses nothing else, so that a
/// model checker can put its own cells below it.
///
/// A ring is named by the side that writes it.
pub(crate) trait Cells {
    /// How many bytes a ring has: a power of two.
    fn ring_bytes(&self) -> u32;

    /// Up to where `writer` has written its ring.
    fn tail(&self, writer: Side, order: Ordering) -> u64;
    fn set_tail(&self, writer: Side, position: u64, order: Ordering);

    /// Up to where the ring of `writer` has been read.
    fn head(&self, writer: Side, order: Ordering) -> u64;
    fn set_head(&self, writer: Side, position: u64, order: Ordering);

    /// The bits that `side` has set.
    fn word(&self, side: Side, order: Ordering) -> u32;
    /// Sets bits and answers the word as it was.
    fn set_bits(&self, side: Side, bits: u32) -> u32;
    /// Clears bits and answers the word as it was.
    fn clear_bits(&self, side: Side, bits: u32) -> u32;

    /// Orders all that was done before with all that is done after, also a store with a later load.
    fn fence(&self);

    /// Copies into the ring of `writer`, from `at` on, which with the length is inside the ring.
    fn copy_in(&self, writer: Side, at: usize, bytes: &[u8]);
    /// Copies out of the ring of `writer`, from `at` on, which with the length is inside the ring.
    fn copy_out(&self, writer: Side, at: usize, bytes: &mut [u8]);
}
