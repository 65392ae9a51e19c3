//! Which of a server's certificates a client is shown.

use std::fmt;
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::certificates::Identity;

/// Shows the first certificate that is for the name that a client asks for; the first of all where none is.
pub(crate) struct ByName(Vec<Arc<CertifiedKey>>);

impl ByName {
    /// At least one; the error is a reason for people.
    pub fn of(identities: &[Identity], provider: &CryptoProvider) -> Result<ByName, String> {
        let certified = identities.iter().map(|identity| {
            let (chain, key) = identity.read()?;
            let certified =
                CertifiedKey::from_der(chain, key, provider).map_err(|error| error.to_string())?;
            certified.keys_match().map_err(|error| error.to_string())?;
            Ok(Arc::new(certified))
        });
        certified.collect::<Result<_, String>>().map(ByName)
    }

    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let name = ServerName::try_from(name).ok()?;
        let is_for = |one: &&Arc<CertifiedKey>| {
            one.end_entity_cert()
                .and_then(ParsedCertificate::try_from)
                .is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
        };
        self.0.iter().find(is_for).cloned()
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let alone = self.0.len() == 1;
        let named = hello.server_name().filter(|_| !alone).and_then(|name| self.find(name));
        named.or_else(|| self.0.first().cloned())
    }
}

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByName of {}", self.0.len())
    }
}
