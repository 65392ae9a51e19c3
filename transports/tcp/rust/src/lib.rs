//! TCP: `tcp:HOST:PORT`, in plain text on this host unless more is allowed, or by TLS to any.
//!
//! The rendezvous, its promises and its limits stand in the folder's `README.md`.

mod connector;
mod listener;
mod options;
mod place;
#[cfg_attr(not(feature = "tls"), path = "plain.rs")]
mod secret;
mod socket;
mod transport;

pub use options::TcpOptions;
#[cfg(feature = "tls")]
pub use samehost_transport_tls::{ClientTls, ServerTls};
pub use transport::TcpTransport;
