//! The suite, on connections that go on in shared memory.

use samehost_transport_api::{Address, Options};
use samehost_transport_shm::{ShmOptions, ShmTransport};
use samehost_transport_testkit::{Ends, Subject, link_contract};

fn ends() -> Ends {
    let folder = tempfile::tempdir().unwrap();
    let address: Address = format!("shm:{}/s", folder.path().display()).parse().unwrap();
    let options = Options::new().with(ShmOptions { strict: true, ..ShmOptions::default() });
    Ends::through(&ShmTransport::new(), &address, &options).keeping(folder)
}

link_contract!(Subject::of(ends));
