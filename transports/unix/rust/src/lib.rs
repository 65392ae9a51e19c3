//! Unix sockets: `unix:PATH`, and `unix-abstract:NAME` on Linux.
//!
//! The rendezvous, its promises and its limits stand in the folder's `README.md`.

mod claim;
mod connector;
mod listener;
mod name;
mod options;
mod transport;
mod users;

pub use connector::UnixConnector;
pub use listener::UnixListener;
pub use options::UnixOptions;
pub use transport::UnixTransport;
