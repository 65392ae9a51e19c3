//! TCP: `tcp:HOST:PORT`, in plain text, on this host unless more is allowed.
//!
//! The rendezvous, its promises and its limits stand in the folder's `README.md`.

mod connector;
mod listener;
mod options;
mod place;
mod socket;
mod transport;

pub use options::TcpOptions;
pub use transport::TcpTransport;
