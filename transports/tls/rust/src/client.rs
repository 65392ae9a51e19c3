//! The calling side's credentials.

use std::fmt;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use samehost_transport_api::{Address, Fault, Link, LinkError};

use crate::TlsLink;
use crate::certificates::{HTTP2, Identity, SAMEHOST, authorities, provider, systems_authorities};
use crate::session::Session;

/// What a channel shows of itself by TLS, and whom it trusts: the authorities of the system, unless it is told others.
/// Texts are in PEM.
#[derive(Clone, Default)]
pub struct ClientTls {
    authorities: Option<Vec<u8>>,
    identity: Option<Identity>,
    server_name: Option<String>,
}

impl ClientTls {
    /// Trusts the authorities of the system, and shows nothing of itself.
    pub fn new() -> ClientTls {
        ClientTls::default()
    }

    /// Trusts these certificates, and none of the system's. More of them add up.
    #[must_use]
    pub fn ca_certificate(mut self, pem: impl AsRef<[u8]>) -> ClientTls {
        let all = self.authorities.get_or_insert_default();
        all.extend_from_slice(pem.as_ref());
        all.push(b'\n');
        self
    }

    /// Shows this certificate, with those that lead to its authority behind it, where the server wants one.
    #[must_use]
    pub fn identity(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> ClientTls {
        self.identity = Some(Identity::new(chain, key));
        self
    }

    /// The name, or the IP address, that the server's certificate must be for, instead of the address's host.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> ClientTls {
        self.server_name = Some(name.into());
        self
    }

    /// What greets the servers of an address on this host.
    ///
    /// # Errors
    /// `tls_credentials`, where these cannot be used.
    pub fn greeter(&self, address: &Address, host: &str) -> Result<Greeter, LinkError> {
        self.read(host).map_err(|reason| Fault::TlsCredentials.with(&[address, &reason]))
    }

    fn read(&self, host: &str) -> Result<Greeter, String> {
        let roots = match &self.authorities {
            Some(pem) => authorities(pem, "the root certificates")?,
            None => systems_authorities()?,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            Some(identity) => {
                let (chain, key) = identity.read()?;
                builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![SAMEHOST.to_vec(), HTTP2.to_vec()];
        // Each connection says anew who it is.
        config.resumption = Resumption::disabled();
        let name = self.server_name.as_deref().unwrap_or(host).to_owned();
        let server = ServerName::try_from(name.clone())
            .map_err(|_| format!("{name} is no name that a certificate could be for"))?;
        Ok(Greeter { config: Arc::new(config), server })
    }
}

impl fmt::Debug for ClientTls {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = self.identity.is_some();
        f.debug_struct("ClientTls")
            .field("server_name", &self.server_name)
            .field("identity", &identity)
            .finish_non_exhaustive()
    }
}

/// Makes links of a channel secret.
pub struct Greeter {
    config: Arc<ClientConfig>,
    server: ServerName<'static>,
}

impl Greeter {
    /// Begins to speak TLS over a link to a server; [`TlsLink::greet`] goes on.
    ///
    /// # Errors
    /// `tls_failed`.
    pub fn over(&self, link: Arc<dyn Link>) -> Result<TlsLink, LinkError> {
        match ClientConnection::new(self.config.clone(), self.server.clone()) {
            Ok(connection) => Ok(TlsLink::over(link, Session::new(connection.into()))),
            Err(error) => Err(Fault::TlsFailed.with(&[&link.peer().address, &error])),
        }
    }
}
