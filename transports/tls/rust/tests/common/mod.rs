//! Two ends of a secret link within this process.

#![allow(dead_code)] // each test has its own use for it

use std::sync::Arc;

use samehost_transport_api::{Address, Link, LinkError, Read};
use samehost_transport_reception::{Secure, Upgraded};
use samehost_transport_testkit::{Authority, pair};
use samehost_transport_tls::{Acceptance, ClientTls, Greeted, Greeter, ServerTls, TlsLink};

pub fn address() -> Address {
    "tcp:127.0.0.1:4000".parse().unwrap()
}

pub fn greeter(tls: &ClientTls) -> Greeter {
    tls.greeter(&address(), "127.0.0.1").unwrap()
}

pub fn acceptance(tls: &ServerTls) -> Acceptance {
    tls.acceptance(&address()).unwrap()
}

/// A client and a server that trust each other.
pub fn credentials() -> (ClientTls, ServerTls) {
    let authority = Authority::new();
    let server = authority.issue("server", &["127.0.0.1"]);
    (ClientTls::new().ca_certificate(authority.pem()), ServerTls::new(server.chain, server.key))
}

/// What became of a handshake: both ends, or what each of them suffers from.
pub type Met = (Result<Arc<TlsLink>, LinkError>, Result<Arc<dyn Upgraded>, LinkError>);

/// Has two links meet.
pub fn meet(client: &ClientTls, server: &ServerTls, (left, right): (Arc<dyn Link>, Arc<dyn Link>)) -> Met {
    let left = Arc::new(greeter(client).over(left).unwrap());
    let right = acceptance(server).over(right).unwrap();
    let (mut greeted, mut peeked) = (left.greet(), right.peek(&mut [0; 16]));
    // One who has failed goes on hearing nothing.
    for _ in 0..10_000 {
        if matches!(greeted, Ok(Greeted::Waits(_))) {
            greeted = left.greet();
        }
        if peeked == Ok(Read::Empty) {
            peeked = right.peek(&mut [0; 16]);
        }
    }
    (greeted.map(|_| left), peeked.map(|_| right))
}

/// The ends of a new link over a pair of sockets.
pub fn ends() -> (Arc<dyn Link>, Arc<dyn Link>) {
    let (client, server) = credentials();
    let (left, right) = meet(&client, &server, pair());
    (left.unwrap(), right.unwrap())
}
