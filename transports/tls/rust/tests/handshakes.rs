//! Who is trusted, and what each side is told where somebody is not.

mod common;

use std::sync::Arc;

use common::{Met, address, credentials, meet};
use samehost_transport_api::{Fault, Link, LinkError};
use samehost_transport_reception::Secure;
use samehost_transport_testkit::{Authority, Issued, pair, read_all, write_all};
use samehost_transport_tls::{ClientTls, ServerTls};

fn server(issued: &Issued) -> ServerTls {
    ServerTls::new(&issued.chain, &issued.key)
}

fn trusting(authority: &Authority) -> ClientTls {
    ClientTls::new().ca_certificate(authority.pem())
}

fn fault<T>(met: Result<T, LinkError>) -> Fault {
    met.err().expect("there is no link").fault()
}

/// The client does not accept the server's certificate, for a reason, and the server hears of it.
fn is_untrusted((client, server): Met, reason: &str) {
    let failure = client.err().unwrap();
    assert_eq!(failure.fault(), Fault::TlsUntrusted, "{failure}");
    assert!(failure.to_string().contains(reason), "{failure}");
    assert_eq!(fault(server), Fault::TlsRefused);
}

#[test]
fn each_side_knows_the_certificates_of_the_other() {
    let authority = Authority::new();
    let (own, clients) = (authority.issue("server", &["127.0.0.1"]), authority.issue("client", &[]));
    let client = trusting(&authority).identity(&clients.chain, &clients.key);
    let (client, server) = meet(&client, &server(&own).client_ca(authority.pem()), pair());
    let (client, server) = (client.unwrap(), server.unwrap());
    let certificates = |link: &dyn Link| link.peer().certificates.clone().unwrap();
    assert_eq!(certificates(&*client).own(), own.der);
    assert_eq!(certificates(&*server).own(), clients.der);
    assert_eq!(certificates(&*server).iter().len(), 2, "and those that lead to the authority");
    assert_eq!(client.medium(), "TLS 1.3");
    write_all(&*client, b"secret").unwrap();
    let mut read = [0; 6];
    read_all(&*server, &mut read).unwrap();
    assert_eq!(&read, b"secret");
}

#[test]
fn a_client_that_is_not_asked_for_a_certificate_shows_none() {
    let authority = Authority::new();
    let (own, clients) = (authority.issue("server", &["127.0.0.1"]), authority.issue("client", &[]));
    let client = trusting(&authority).identity(&clients.chain, &clients.key);
    let (_client, server) = meet(&client, &server(&own), pair());
    let peer = server.unwrap().peer().clone();
    assert_eq!((peer.certificates, peer.tls), (None, true));
}

#[test]
fn a_server_that_wants_certificates_takes_nobody_without_one() {
    let authority = Authority::new();
    let server = server(&authority.issue("server", &["127.0.0.1"])).client_ca(authority.pem());
    let (client, refused) = meet(&trusting(&authority), &server, pair());
    let refused = refused.err().unwrap();
    assert_eq!(refused, Fault::TlsUntrusted.with(&[&"test-pair:", &"it has shown none"]));
    // Its part of the handshake was over before: it learns it with the first read.
    let told = client.unwrap().read(&mut [0; 16]).unwrap_err();
    assert_eq!(told, Fault::TlsRefused.with(&[&"test-pair:", &"certificate_required"]));
}

#[test]
fn a_server_that_only_asks_for_certificates_takes_those_without_and_no_wrong_ones() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = server(&authority.issue("server", &["127.0.0.1"]));
    let server = server.client_ca(authority.pem()).client_auth_optional(true);
    let (client, taken) = meet(&trusting(&authority), &server, pair());
    client.unwrap();
    assert_eq!(taken.unwrap().peer().certificates, None);
    let wrong = stranger.issue("client", &[]);
    let (client, refused) = meet(&trusting(&authority).identity(wrong.chain, wrong.key), &server, pair());
    let refused = refused.err().unwrap();
    assert_eq!(refused, Fault::TlsUntrusted.with(&[&"test-pair:", &"unknown issuer"]));
    assert_eq!(client.unwrap().read(&mut [0; 16]).unwrap_err().fault(), Fault::TlsRefused);
}

#[test]
fn one_whose_write_fails_is_told_the_alert_that_came_before() {
    let authority = Authority::new();
    let server = server(&authority.issue("server", &["127.0.0.1"])).client_ca(authority.pem());
    let (client, refused) = meet(&trusting(&authority), &server, pair());
    drop(refused);
    let client = client.unwrap();
    let failure = client.write(b"too late").unwrap_err();
    assert_eq!(client.explain(failure).fault(), Fault::TlsRefused);
}

#[test]
fn a_server_of_an_unknown_authority_is_not_trusted() {
    let own = server(&Authority::new().issue("server", &["127.0.0.1"]));
    is_untrusted(meet(&trusting(&Authority::new()), &own, pair()), "unknown issuer");
}

#[test]
fn a_server_whose_time_is_over_is_not_trusted() {
    let authority = Authority::new();
    let own = server(&authority.issue_expired("server", &["127.0.0.1"]));
    is_untrusted(meet(&trusting(&authority), &own, pair()), "expired");
}

#[test]
fn a_server_of_another_name_is_not_trusted_unless_it_is_asked_for() {
    let authority = Authority::new();
    let own = server(&authority.issue("server", &["db.lan", "10.1.2.3"]));
    let client = trusting(&authority);
    is_untrusted(meet(&client, &own, pair()), "not valid for name \"127.0.0.1\"");
    for name in ["db.lan", "10.1.2.3"] {
        let (client, server) = meet(&client.clone().server_name(name), &own, pair());
        assert!(client.is_ok() && server.is_ok(), "{name}");
    }
    is_untrusted(meet(&client.server_name("web.lan"), &own, pair()), "web.lan");
}

#[test]
fn names_and_addresses_of_either_family_are_what_a_certificate_is_for() {
    let authority = Authority::new();
    let own = server(&authority.issue("server", &["localhost", "::1"]));
    for name in ["localhost", "::1"] {
        let (client, server) = meet(&trusting(&authority).server_name(name), &own, pair());
        assert!(client.is_ok() && server.is_ok(), "{name}");
    }
}

#[test]
fn a_server_of_several_names_shows_each_client_what_it_asks_for() {
    let authority = Authority::new();
    let issue = |name: &str| authority.issue(name, &[name]);
    let (first, second) = (issue("first.lan"), issue("second.lan"));
    let own = server(&first).and(&second.chain, &second.key);
    for (name, expected) in [("first.lan", &first), ("second.lan", &second)] {
        let (client, _server) = meet(&trusting(&authority).server_name(name), &own, pair());
        assert_eq!(client.unwrap().peer().certificates.as_ref().unwrap().own(), expected.der);
    }
    is_untrusted(meet(&trusting(&authority).server_name("third.lan"), &own, pair()), "first.lan");
}

#[test]
fn several_authorities_add_up() {
    let (one, other) = (Authority::new(), Authority::new());
    let own = server(&one.issue("server", &["127.0.0.1"]));
    // Without an end of line between them, which a file may lack.
    let client = ClientTls::new().ca_certificate(other.pem().trim_end()).ca_certificate(one.pem());
    let (client, server) = meet(&client, &own, pair());
    assert!(client.is_ok() && server.is_ok());
}

#[test]
fn credentials_that_cannot_be_used_are_told_as_such() {
    let (authority, address) = (Authority::new(), address());
    let (one, other) = (authority.issue("one", &["a.lan"]), authority.issue("other", &["a.lan"]));
    let client = |tls: ClientTls| tls.greeter(&address, "127.0.0.1").err().unwrap();
    let server = |tls: ServerTls| tls.acceptance(&address).err().unwrap();
    for (failure, reason) in [
        (client(ClientTls::new().ca_certificate("nothing")), "no certificate in the root certificates"),
        (client(trusting(&authority).identity("", &one.key)), "no certificate in the certificate chain"),
        (client(trusting(&authority).identity(&one.chain, &one.chain)), "no key in the private key"),
        (client(trusting(&authority).identity(&one.chain, &other.key)), "keys may not be consistent"),
        (client(trusting(&authority).server_name("not a name")), "not a name is no name"),
        (server(ServerTls::new(&one.key, &one.key)), "no certificate in the certificate chain"),
        (server(ServerTls::new(&one.chain, "")), "no key in the private key"),
        (server(ServerTls::new(&one.chain, &other.key)), "keys may not be consistent"),
        (
            server(ServerTls::new(&one.chain, &one.key).and(&one.chain, &other.key)),
            "keys may not be consistent",
        ),
        (
            server(ServerTls::new(&one.chain, &one.key).client_ca("")),
            "no certificate in the clients' root certificates",
        ),
    ] {
        assert_eq!(failure.fault(), Fault::TlsCredentials);
        assert!(failure.to_string().contains(reason), "{failure}");
        assert!(failure.to_string().starts_with("address tcp:127.0.0.1:4000: "), "{failure}");
    }
}

#[test]
fn a_server_that_answers_in_plain_text_or_hangs_up_does_not_speak_tls() {
    let (tls, _) = credentials();
    for (answer, reason) in
        [(&b"HTTP/1.1 400"[..], "it answered in plain text"), (b"", "it hung up in the handshake")]
    {
        let (left, right) = pair();
        let link = common::greeter(&tls).over(left).unwrap();
        link.greet().unwrap();
        if !answer.is_empty() {
            write_all(&*right, answer).unwrap();
        }
        drop(right);
        let expected = Fault::TlsNotSpoken.with(&[&"test-pair:", &reason]);
        assert_eq!(link.greet().unwrap_err(), expected);
        assert_eq!(link.read(&mut [0; 16]).unwrap_err(), expected, "and so says every read");
        assert_eq!(link.write(b"x").unwrap_err(), expected);
    }
}

#[test]
fn a_first_byte_that_is_not_tls_has_an_objection() {
    let (_, tls) = credentials();
    let acceptance = common::acceptance(&tls);
    assert_eq!(acceptance.objection("tcp:1", 0x16), None);
    for first in [0xF5, b'P', b'G', 0x15, 0x17, 0] {
        assert_eq!(acceptance.objection("tcp:1", first).unwrap(), Fault::TlsExpected.with(&[&"tcp:1"]));
    }
}

#[test]
fn a_key_is_shown_to_nobody() {
    let issued = Authority::new().issue("one", &["a.lan"]);
    let texts = [
        format!("{:?}", ClientTls::new().identity(&issued.chain, &issued.key)),
        format!("{:?}", ServerTls::new(&issued.chain, &issued.key)),
    ];
    assert!(texts.iter().all(|text| !text.contains("KEY")), "{texts:?}");
}

#[test]
fn what_has_not_met_yet_takes_nothing() {
    let (tls, _) = credentials();
    let (left, _right) = pair();
    let link: Arc<dyn Link> = Arc::new(common::greeter(&tls).over(left).unwrap());
    assert_eq!(link.write(b"too early"), Ok(0));
    assert_eq!(link.peer().certificates, None);
}
