//! How strangers are received: what the listening sides of transports share.

mod door;
mod ends;
mod negotiation;
mod offer;
mod reception;
mod thread;
mod upgrade;
mod visitor;

pub use door::{Arrival, Door};
pub use ends::Ends;
pub use offer::{
    ACK, Answer, Answered, LEAST_RING_BYTES, MOST_RING_BYTES, NAK, Offer, VERSION, is_ring_size,
};
pub use thread::{ReceptionThread, listen_failed};
pub use upgrade::{Offers, Prepared, Secure, Upgrade, Upgraded};
