//! The serving side's credentials.

use std::fmt;
use std::sync::Arc;

use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ServerConfig, ServerConnection};
use samehost_transport_api::{Address, Fault, Link, LinkError};

use crate::certificates::{HTTP1, HTTP2, Identity, SAMEHOST, authorities, provider};
use crate::names::ByName;
use crate::session::Session;
use crate::{Acceptance, TlsLink};

/// What a server shows of itself by TLS, and whom it takes: anyone, unless it is told whose certificates it wants.
/// Texts are in PEM.
#[derive(Clone)]
pub struct ServerTls {
    identities: Vec<Identity>,
    clients: Option<Vec<u8>>,
    optional: bool,
}

impl ServerTls {
    /// Shows this certificate, with those that lead to its authority behind it.
    pub fn new(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> ServerTls {
        ServerTls { identities: vec![Identity::new(chain, key)], clients: None, optional: false }
    }

    /// Shows another one to clients that ask for a name that it is for and the ones before are not.
    #[must_use]
    pub fn and(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> ServerTls {
        self.identities.push(Identity::new(chain, key));
        self
    }

    /// Wants a certificate of each client, which one of these authorities has signed. More of them add up.
    #[must_use]
    pub fn client_ca(mut self, pem: impl AsRef<[u8]>) -> ServerTls {
        let all = self.clients.get_or_insert_default();
        all.extend_from_slice(pem.as_ref());
        all.push(b'\n');
        self
    }

    /// Whether clients without a certificate are taken nevertheless; they are not by default.
    #[must_use]
    pub fn client_auth_optional(mut self, optional: bool) -> ServerTls {
        self.optional = optional;
        self
    }

    /// What receives the clients of an address.
    ///
    /// # Errors
    /// `tls_credentials`, where these cannot be used.
    pub fn acceptance(&self, address: &Address) -> Result<Acceptance, LinkError> {
        match self.read() {
            Ok(config) => Ok(Acceptance::new(Arc::new(config))),
            Err(reason) => Err(Fault::TlsCredentials.with(&[address, &reason])),
        }
    }

    fn read(&self) -> Result<ServerConfig, String> {
        let provider = provider();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let roots = Arc::new(authorities(pem, "the clients' root certificates")?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone());
                let verifier =
                    if self.optional { verifier.allow_unauthenticated() } else { verifier }.build();
                builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(ByName::of(&self.identities, &provider)?));
        config.alpn_protocols = vec![SAMEHOST.to_vec(), HTTP2.to_vec(), HTTP1.to_vec()];
        // Each connection says anew who it is.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

impl fmt::Debug for ServerTls {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("client_ca", &self.clients.is_some()).finish_non_exhaustive()
    }
}

/// Begins to speak TLS over a link to a client.
pub(crate) fn over(config: &Arc<ServerConfig>, link: Arc<dyn Link>) -> Result<TlsLink, LinkError> {
    match ServerConnection::new(config.clone()) {
        Ok(connection) => Ok(TlsLink::over(link, Session::new(connection.into()))),
        Err(error) => Err(Fault::TlsFailed.with(&[&link.peer().address, &error])),
    }
}
