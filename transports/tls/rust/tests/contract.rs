//! The suite, on secret links over pairs of sockets.

mod common;

use samehost_transport_testkit::{Ends, Subject, link_contract};

fn ends() -> Ends {
    let (left, right) = common::ends();
    Ends { left, right, keep: Box::new(()) }
}

link_contract!(Subject { knows_process: false, knows_user: false, ..Subject::of(ends) });
