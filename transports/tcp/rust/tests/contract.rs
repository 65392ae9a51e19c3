//! The suite, on connections of IPv4.

use samehost_transport_api::{Address, Options};
use samehost_transport_tcp::TcpTransport;
use samehost_transport_testkit::{Ends, Subject, link_contract};

fn ends() -> Ends {
    let address: Address = "tcp:127.0.0.1:0".parse().unwrap();
    Ends::through(&TcpTransport::new(), &address, &Options::new())
}

link_contract!(Subject { knows_process: false, knows_user: false, ..Subject::of(ends) });
