//! Shared memory: `shm:PATH`, agreed on over the Unix socket at that path.
//!
//! The agreement, the layout, its promises and its limits stand in the folder's `README.md`.

mod bells;
mod cells;
mod connector;
#[cfg(test)]
mod interleavings;
mod layout;
mod link;
mod memory;
mod options;
mod region;
mod ring;
mod sockets;
mod transport;
#[cfg(test)]
mod vectors;

pub use memory::SharedMemory;
pub use options::ShmOptions;
pub use transport::ShmTransport;
