//! The pure core, tested without a link: against the vectors, as a pair in memory, and with hostile bytes.

mod vectors;
