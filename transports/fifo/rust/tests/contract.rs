//! The suite.

use samehost_transport_api::{Address, Options};
use samehost_transport_fifo::FifoTransport;
use samehost_transport_testkit::{Ends, Subject, link_contract};

fn ends() -> Ends {
    let folder = tempfile::tempdir().unwrap();
    let address: Address = format!("fifo:{}/calls", folder.path().display()).parse().unwrap();
    Ends::through(&FifoTransport::new(), &address, &Options::new()).keeping(folder)
}

link_contract!(Subject { knows_process: false, ..Subject::of(ends) });
