//! What a transport is: links, listeners, and the catalogue of faults.
//!
//! This crate depends on nothing. A transport implements [`Transport`], [`Connector`], [`Listener`]
//! and [`Link`]; the runtime uses these four and knows no transport by name.

mod address;
mod code;
mod fault;
mod link;
mod options;
mod patience;
mod peer;
mod registry;
mod transport;

pub use address::Address;
pub use code::Code;
pub use fault::{Fault, LinkError};
pub use link::{Descriptors, Interest, Link, Read};
pub use options::Options;
pub use patience::end_of;
pub use peer::{Peer, PeerCertificates};
pub use registry::Registry;
pub use transport::{Acceptor, Connector, FirstBytes, Listener, Transport, shown};
