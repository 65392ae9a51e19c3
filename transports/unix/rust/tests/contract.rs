//! The suite, on connections through a socket's path.

use samehost_transport_api::{Address, Options};
use samehost_transport_testkit::{Ends, Subject, link_contract};
use samehost_transport_unix::UnixTransport;

fn ends() -> Ends {
    let folder = tempfile::tempdir().unwrap();
    let address: Address = format!("unix:{}/s", folder.path().display()).parse().unwrap();
    Ends::through(&UnixTransport::new(), &address, &Options::new()).keeping(folder)
}

link_contract!(Subject::of(ends));
