//! Named pipes: `fifo:PATH`.
//!
//! The rendezvous, its promises and its limits stand in the folder's `README.md`.

mod connector;
mod door;
mod listener;
mod options;
mod pair;
mod place;
mod record;
mod rendezvous;
mod transport;

pub use options::FifoOptions;
pub use transport::FifoTransport;
