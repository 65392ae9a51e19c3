//! The suite, on connections that are secret by TLS.

#![cfg(feature = "tls")]

use samehost_transport_api::{Address, Options};
use samehost_transport_tcp::{ClientTls, ServerTls, TcpTransport};
use samehost_transport_testkit::{Authority, Ends, Subject, link_contract};

fn ends() -> Ends {
    let authority = Authority::new();
    let server = authority.issue("server", &["127.0.0.1"]);
    let options = Options::new()
        .with(ClientTls::new().ca_certificate(authority.pem()))
        .with(ServerTls::new(server.chain, server.key));
    let address: Address = "tcp:127.0.0.1:0".parse().unwrap();
    Ends::through(&TcpTransport::new(), &address, &options)
}

link_contract!(Subject { knows_process: false, knows_user: false, ..Subject::of(ends) });
