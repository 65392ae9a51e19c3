//! Credentials for TLS, as channels and servers are given them.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use samehost::{ClientTls, ServerTls};

/// Credentials of a channel.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct ChannelCredentials(ClientTls);

#[pymethods]
impl ChannelCredentials {
    #[new]
    #[pyo3(signature = (root_certificates=None, private_key=None, certificate_chain=None))]
    fn new(
        root_certificates: Option<&[u8]>,
        private_key: Option<&[u8]>,
        certificate_chain: Option<&[u8]>,
    ) -> PyResult<ChannelCredentials> {
        let mut tls = ClientTls::new();
        if let Some(pem) = root_certificates {
            tls = tls.ca_certificate(pem);
        }
        match (private_key, certificate_chain) {
            (None, None) => {}
            (Some(key), Some(chain)) => tls = tls.identity(chain, key),
            _ => return Err(PyValueError::new_err("private_key and certificate_chain go together")),
        }
        Ok(ChannelCredentials(tls))
    }
}

/// Credentials of a server.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct ServerCredentials(ServerTls);

#[pymethods]
impl ServerCredentials {
    #[new]
    #[pyo3(signature = (private_key_certificate_chain_pairs, root_certificates=None))]
    fn new(
        private_key_certificate_chain_pairs: Vec<(Vec<u8>, Vec<u8>)>,
        root_certificates: Option<&[u8]>,
    ) -> PyResult<ServerCredentials> {
        let mut pairs = private_key_certificate_chain_pairs.into_iter();
        let Some((key, chain)) = pairs.next() else {
            return Err(PyValueError::new_err(
                "at least one pair of a private key and a certificate chain is needed",
            ));
        };
        let tls = pairs.fold(ServerTls::new(chain, key), |tls, (key, chain)| tls.and(chain, key));
        Ok(ServerCredentials(match root_certificates {
            Some(pem) => tls.client_ca(pem),
            None => tls,
        }))
    }
}

impl ServerCredentials {
    pub(crate) fn tls(&self) -> ServerTls {
        self.0.clone()
    }
}

/// What a channel was given as its credentials. gRPC's own hold what nobody else can read.
pub(crate) fn of_channel(given: &Bound<'_, PyAny>) -> PyResult<ClientTls> {
    match given.cast::<ChannelCredentials>() {
        Ok(credentials) => Ok(credentials.get().0.clone()),
        Err(_) => Err(PyTypeError::new_err(format!(
            "credentials are made by samehost.ssl_channel_credentials, which takes what gRPC's takes; not {:?}",
            given.get_type()
        ))),
    }
}
