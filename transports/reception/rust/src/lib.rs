//! How strangers are received: what the listening sides of transports share.

mod door;
mod ends;
mod reception;
mod thread;
mod visitor;

pub use door::{Arrival, Door};
pub use ends::Ends;
pub use thread::{ReceptionThread, listen_failed};
