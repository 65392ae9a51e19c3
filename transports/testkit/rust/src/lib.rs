//! The suite that every transport passes, and a transport within one process to test others with.

mod ends;
mod pair;
mod recording;

pub use ends::Ends;
pub use pair::{PairTransport, pair};
pub use recording::RecordingAcceptor;
