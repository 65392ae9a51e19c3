//! Stock programs by TLS: gRPC over HTTP/2 either way, and JSON over HTTP/1.1.

use std::time::Duration;

use samehost::transport::{Link, Transport};
use samehost::{Channel, ClientTls, Options, TcpTransport};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use samehost_transport_testkit::{Authority, Issued, read_to_end, write_all};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};

use crate::common::{Obedient, SOON, ask, soon};
use crate::sides::Secret;

/// A stock client of a server of ours.
fn stock(secret: &Secret, own: Option<&Issued>) -> EchoClient<tonic::transport::Channel> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(secret.authority.pem()));
    if let Some(own) = own {
        tls = tls.identity(Identity::from_pem(&own.chain, &own.key));
    }
    let place = secret.server.address().strip_prefix("tcp:").unwrap();
    let endpoint = Endpoint::from_shared(format!("https://{place}")).unwrap().tls_config(tls).unwrap();
    EchoClient::new(endpoint.connect_lazy()).max_decoding_message_size(64 << 20)
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_clients_call_and_are_known_by_their_certificates() {
    let secret = Secret::mutual();
    let (_, own) = secret.client();
    let mut client = stock(&secret, Some(&own));
    let large = vec![7; 5 << 20];
    let answer = soon(client.say(ask(large.clone()))).await.unwrap();
    assert_eq!(answer.metadata().get("x-shown").unwrap(), &own.der.len().to_string());
    assert!(answer.into_inner().data == large);
    assert!(soon(stock(&secret, None).say(ask("hi"))).await.is_err(), "without one nobody is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_calls_a_stock_server_and_shows_its_certificate() {
    let authority = Authority::new();
    let (own, other) = (authority.issue("server", &["127.0.0.1"]), authority.issue("client", &[]));
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(&own.chain, &own.key))
        .client_ca_root(Certificate::from_pem(authority.pem()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap());
    let echo = EchoServer::new(Obedient::default()).max_decoding_message_size(64 << 20);
    let router = Server::builder().tls_config(tls).unwrap().add_service(echo);
    let serving = tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    let trusting = ClientTls::new().ca_certificate(authority.pem());
    let call = async |tls: ClientTls| {
        let channel =
            Channel::builder(&*address).tls(tls).max_inbound_message_size(64 << 20).build().unwrap();
        let mut client = EchoClient::new(channel).max_decoding_message_size(64 << 20);
        soon(client.say(ask(vec![7; 5 << 20]))).await
    };
    let answer = call(trusting.clone().identity(&other.chain, &other.key)).await.unwrap();
    assert!(answer.into_inner().data == vec![7; 5 << 20]);
    let refused = call(trusting).await.unwrap_err();
    assert!(refused.message().contains("certificate_required"), "{refused}");
    serving.abort();
}

/// One call of JSON by a link, as curl makes it.
fn posted(link: &dyn Link) -> String {
    let body = r#"{"data":"aGk="}"#;
    let head =
        "POST /samehost.test.v1.Echo/Say HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let request = format!("{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    write_all(link, request.as_bytes()).unwrap();
    String::from_utf8(read_to_end(link).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_called_by_tls() {
    let secret = Secret::mutual();
    let options = Options::new().with(secret.client().0);
    let address = secret.server.address().parse().unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let connector = TcpTransport::new().connector(&address, &options).unwrap();
        posted(&*connector.connect(SOON.min(Duration::from_secs(10))).unwrap())
    });
    let answer = soon(answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"data":"aGk=","count":"1"}"#), "{answer}");
}
