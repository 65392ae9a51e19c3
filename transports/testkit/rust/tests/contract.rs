//! The suite, on the pair of this crate: links over one descriptor.

use samehost_transport_testkit::{Ends, Subject, link_contract};

link_contract!(Subject { knows_process: false, knows_user: false, ..Subject::of(Ends::of_pair) });
