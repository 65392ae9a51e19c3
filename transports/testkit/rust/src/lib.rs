//! The suite that every transport passes, and a transport within one process to test others with.
//!
//! A transport joins the suite in a test file of its own, which holds nothing else (the suite
//! counts the process's descriptors):
//!
//! ```
//! use samehost_transport_testkit::{Ends, Subject, link_contract};
//!
//! link_contract!(Subject { knows_process: false, knows_user: false, ..Subject::of(Ends::of_pair) });
//! ```

mod bytes;
#[cfg(feature = "certificates")]
mod certificates;
mod ends;
mod pair;
pub mod promises;
mod recording;
mod subject;

pub use bytes::{read_all, read_to_end, write_all};
#[cfg(feature = "certificates")]
pub use certificates::{Authority, Issued};
pub use ends::Ends;
pub use pair::{PairTransport, pair};
pub use recording::RecordingAcceptor;
pub use subject::Subject;
