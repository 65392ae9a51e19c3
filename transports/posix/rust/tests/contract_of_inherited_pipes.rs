//! The suite, on two pipes that others may share: these are opened again.

use std::sync::Arc;

use rustix::pipe::pipe;
use samehost_transport_api::{Link, Peer};
use samehost_transport_posix::FdLink;
use samehost_transport_testkit::{Ends, Subject, link_contract};

fn ends() -> Ends {
    let ((there, from), (back, to)) = (pipe().unwrap(), pipe().unwrap());
    let link = |input, output| -> Arc<dyn Link> {
        Arc::new(FdLink::over_inherited(input, output, Peer::at("test-pipes:")).unwrap())
    };
    Ends { left: link(there, to), right: link(back, from), keep: Box::new(()) }
}

link_contract!(Subject { knows_process: false, knows_user: false, ..Subject::of(ends) });
