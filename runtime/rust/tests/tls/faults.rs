//! What people read where TLS does not come about.

use samehost::transport::Fault;
use samehost::{Channel, ClientTls, Server, ServerTls};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use samehost_transport_testkit::Authority;
use tonic::Code;

use crate::common::{Obedient, ask, soon};
use crate::sides::Secret;

async fn failure(channel: Channel) -> tonic::Status {
    soon(EchoClient::new(channel).say(ask("hi"))).await.unwrap_err()
}

fn of(fault: Fault, values: &[&dyn std::fmt::Display]) -> (Code, String) {
    (Code::from(fault.code() as i32), fault.text(values))
}

fn told(status: &tonic::Status) -> (Code, String) {
    (status.code(), status.message().to_owned())
}

fn trusting_nobody() -> ClientTls {
    ClientTls::new().ca_certificate(Authority::new().pem())
}

#[tokio::test]
async fn credentials_are_for_tcp_alone() {
    let own = Authority::new().issue("server", &["localhost"]);
    for address in
        ["unix:/run/app.sock", "shm:/run/app.sock", "stdio:cat", "fifo:/run/app", "unix-abstract:a"]
    {
        let scheme = address.split_once(':').unwrap().0;
        let expected = of(Fault::TlsNotTaken, &[&address, &scheme]);
        let client = Channel::builder(address).tls(trusting_nobody()).build().err().unwrap();
        assert_eq!(told(&client.into()), expected);
        let server = Server::builder().tls(ServerTls::new(&own.chain, &own.key)).bind(address).err().unwrap();
        assert_eq!(told(&server.into()), expected);
    }
}

#[tokio::test]
async fn credentials_that_cannot_be_used_are_told_when_a_channel_or_a_server_is_made() {
    let address = "tcp:127.0.0.1:4000";
    let tls = ClientTls::new().ca_certificate("no PEM");
    let client = Channel::builder(address).tls(tls).build().err().unwrap();
    let expected = of(Fault::TlsCredentials, &[&address, &"no certificate in the root certificates"]);
    assert_eq!(told(&client.into()), expected);
    let server = Server::builder().tls(ServerTls::new("", "")).bind(address).err().unwrap();
    let expected = of(Fault::TlsCredentials, &[&address, &"no certificate in the certificate chain"]);
    assert_eq!(told(&server.into()), expected);
}

#[tokio::test]
async fn a_channel_without_credentials_reads_that_the_server_takes_tls_alone() {
    let secret = Secret::serve();
    let status = failure(Channel::for_address(secret.server.address()).unwrap()).await;
    assert!(status.message().contains("plain text came, and this server takes TLS alone"), "{status}");
    assert!(status.message().contains(secret.server.address()), "{status}");
}

#[tokio::test]
async fn a_channel_with_credentials_is_told_that_the_server_has_none() {
    let echo = EchoServer::new(Obedient::default());
    let server = Server::builder().add_service(echo).bind("tcp:127.0.0.1:0").unwrap();
    let status = failure(Channel::builder(server.address()).tls(trusting_nobody()).build().unwrap()).await;
    let reason = "it hung up in the handshake";
    assert_eq!(told(&status), of(Fault::TlsNotSpoken, &[&server.address(), &reason]));
}

#[tokio::test]
async fn certificates_that_are_not_accepted_are_told_on_either_side() {
    let secret = Secret::mutual();
    let status = failure(secret.channel(trusting_nobody())).await;
    let address = secret.server.address();
    assert_eq!(told(&status), of(Fault::TlsUntrusted, &[&address, &"unknown issuer"]));
    for _ in 0..20 {
        let status = failure(secret.channel(secret.trusting())).await;
        assert_eq!(told(&status), of(Fault::TlsRefused, &[&address, &"certificate_required"]));
    }
    let wrong = Authority::new().issue("client", &[]);
    let status = failure(secret.channel(secret.trusting().identity(wrong.chain, wrong.key))).await;
    assert_eq!(told(&status), of(Fault::TlsRefused, &[&address, &"unknown_ca"]));
}
