//! Certificates and keys as texts in PEM, and what is made of them.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a channel offers, and a server takes the first of: what decides are the first bytes, as in plain text.
pub(crate) const SAMEHOST: &[u8] = b"samehost/1";
pub(crate) const HTTP2: &[u8] = b"h2";
pub(crate) const HTTP1: &[u8] = b"http/1.1";

/// A chain of certificates, its own first, and the key of that one.
#[derive(Clone)]
pub(crate) struct Identity {
    pub chain: Vec<u8>,
    pub key: Vec<u8>,
}

/// Of an identity, as it is used.
pub(crate) type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Identity {
    pub fn new(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Identity {
        Identity { chain: chain.as_ref().to_vec(), key: key.as_ref().to_vec() }
    }

    /// Both, read; the error is a reason for people.
    pub fn read(&self) -> Result<Own, String> {
        let chain = certificates(&self.chain, "the certificate chain")?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| format!("no key in the private key ({error})"))?;
        Ok((chain, key))
    }
}

/// The authorities of a text.
pub(crate) fn authorities(pem: &[u8], what: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, what)? {
        roots.add(certificate).map_err(|error| format!("{what}: {error}"))?;
    }
    Ok(roots)
}

/// The authorities that the system trusts.
pub(crate) fn systems_authorities() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // The system may have some that nobody understands.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        true => Err("no root certificates were given, and the system has none".to_owned()),
        false => Ok(roots),
    }
}

/// The only library of ciphers here, whatever else the program has installed for itself.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(format!("no certificate in {what}")),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("{what}: {error}")),
    }
}
