//! Blocks whose bytes follow from a number, so that a receiver knows each byte that must come.

use crate::proto::control::Block;

const PERIOD: usize = 251;

/// A block of `size` bytes: byte i is (seed + i) mod 251.
pub fn block(seed: u32, size: usize) -> Block {
    let period = period(seed);
    let mut body = Vec::with_capacity(size + PERIOD);
    while body.len() < size {
        body.extend_from_slice(&period);
    }
    body.truncate(size);
    Block { seed, body: body.into() }
}

/// Whether every byte is as the block's number says.
pub fn is_intact(block: &Block) -> bool {
    let period = period(block.seed);
    block.body.chunks(PERIOD).all(|chunk| period.starts_with(chunk))
}

/// The bytes that come again and again, from a seed on.
fn period(seed: u32) -> [u8; PERIOD] {
    let first = seed as usize % PERIOD;
    std::array::from_fn(|at| u8::try_from((first + at) % PERIOD).expect("the period fits into a byte"))
}
