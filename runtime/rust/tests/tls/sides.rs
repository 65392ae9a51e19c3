//! What the tests share: an authority, a server of ours by TLS, and credentials for its clients.

use samehost::{Channel, ClientTls, PeerCertificates, Server, ServerTls};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use samehost_transport_testkit::{Authority, Issued};
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};

use crate::common::Obedient;

/// A server of ours, which tells each client in the header `x-shown` how long its certificate is.
pub struct Secret {
    pub server: Server,
    pub authority: Authority,
}

impl Secret {
    /// Takes anyone.
    pub fn serve() -> Secret {
        Secret::configured(|tls, _| tls)
    }

    /// Takes those alone whom its authority has given a certificate.
    pub fn mutual() -> Secret {
        Secret::configured(|tls, authority| tls.client_ca(authority.pem()))
    }

    fn configured(more: impl FnOnce(ServerTls, &Authority) -> ServerTls) -> Secret {
        let authority = Authority::new();
        let own = authority.issue("server", &["127.0.0.1", "localhost"]);
        let tls = more(ServerTls::new(own.chain, own.key), &authority);
        let echo = EchoServer::new(Obedient::default()).max_decoding_message_size(64 << 20);
        let builder = Server::builder()
            .max_inbound_message_size(64 << 20)
            .json(samehost_test_stubs::FILE_DESCRIPTOR_SET)
            .add_service(InterceptedService::new(echo, shown));
        Secret { server: builder.tls(tls).bind("tcp:127.0.0.1:0").unwrap(), authority }
    }

    pub fn trusting(&self) -> ClientTls {
        ClientTls::new().ca_certificate(self.authority.pem())
    }

    pub fn client(&self) -> (ClientTls, Issued) {
        let own = self.authority.issue("client", &["client.lan"]);
        (self.trusting().identity(&own.chain, &own.key), own)
    }

    pub fn channel(&self, tls: ClientTls) -> Channel {
        Channel::builder(self.server.address()).tls(tls).build().unwrap()
    }

    pub fn stub(&self, tls: ClientTls) -> EchoClient<Channel> {
        EchoClient::new(self.channel(tls)).max_decoding_message_size(64 << 20)
    }
}

/// Puts what the client has shown where the service gives it back.
fn shown(mut request: Request<()>) -> Result<Request<()>, Status> {
    let certificates = request.extensions().get::<PeerCertificates>();
    let length = certificates.map_or(0, |certificates| certificates.own().len());
    request.metadata_mut().insert("x-shown", length.to_string().parse().unwrap());
    Ok(request)
}
