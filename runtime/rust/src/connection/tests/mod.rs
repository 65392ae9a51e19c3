//! The pure core, tested without a link: against the vectors, as a pair in memory, and with hostile bytes.

mod ends;
mod flow;
mod fuzz;
mod owners;
mod pair;
mod streams;
mod unexpected;
mod vectors;
mod victim;
