//! The suite, on connections through names without a file.
#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicU32, Ordering};

use samehost_transport_api::{Address, Options};
use samehost_transport_testkit::{Ends, Subject, link_contract};
use samehost_transport_unix::UnixTransport;

fn ends() -> Ends {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("unix-abstract:samehost-test-{}-{number}", std::process::id());
    let address: Address = name.parse().unwrap();
    Ends::through(&UnixTransport::of_abstract_names(), &address, &Options::new())
}

link_contract!(Subject::of(ends));
