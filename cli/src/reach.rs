//! How addresses are reached and served: in plain text, or by TLS.

use std::path::{Path, PathBuf};

use clap::Args;
use samehost::{ClientTls, ServerTls, TcpOptions};

use crate::failure::Failure;

/// How addresses may be used.
#[derive(Args)]
pub struct Reach {
    /// Lets tcp: go to and from other hosts, in plain text that anyone on the way can read and change
    #[arg(long)]
    plain_text_beyond_host: bool,

    /// Calls a tcp: address by TLS; trusts the system's authorities where it is told no others
    #[arg(long)]
    tls: bool,

    /// Calls by TLS, and trusts these authorities alone, in PEM
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// Calls by TLS, and shows this certificate, in PEM, with those that lead to its authority
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Calls by TLS, and takes this name for the server's instead of the host in the address
    #[arg(long, value_name = "NAME")]
    tls_name: Option<String>,
}

/// How an address is served by TLS.
#[derive(Args)]
pub struct Shown {
    /// Serves the tcp: ADDRESS by TLS, and shows this certificate, in PEM, with those that lead to its authority
    #[arg(long, value_name = "FILE", requires = "serve_tls_key")]
    serve_tls_cert: Option<PathBuf>,

    /// The key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "serve_tls_cert")]
    serve_tls_key: Option<PathBuf>,

    /// Takes those clients alone who have a certificate of these authorities, in PEM
    #[arg(long, value_name = "FILE", requires = "serve_tls_cert")]
    serve_tls_ca: Option<PathBuf>,
}

impl Reach {
    /// How ports may be used.
    pub fn tcp(&self) -> TcpOptions {
        TcpOptions { plain_text_beyond_host: self.plain_text_beyond_host, ..TcpOptions::default() }
    }

    /// What is called by TLS, if that is wanted.
    pub fn tls(&self) -> Result<Option<ClientTls>, Failure> {
        let Reach { tls, tls_ca, tls_cert, tls_name, .. } = self;
        if !tls && tls_ca.is_none() && tls_cert.is_none() && tls_name.is_none() {
            return Ok(None);
        }
        let mut tls = ClientTls::new();
        if let Some(file) = tls_ca {
            tls = tls.ca_certificate(read(file)?);
        }
        if let (Some(chain), Some(key)) = (tls_cert, &self.tls_key) {
            tls = tls.identity(read(chain)?, read(key)?);
        }
        Ok(Some(match tls_name {
            Some(name) => tls.server_name(name),
            None => tls,
        }))
    }
}

impl Shown {
    /// What is served by TLS, if that is wanted.
    pub fn tls(&self) -> Result<Option<ServerTls>, Failure> {
        let (Some(chain), Some(key)) = (&self.serve_tls_cert, &self.serve_tls_key) else { return Ok(None) };
        let tls = ServerTls::new(read(chain)?, read(key)?);
        Ok(Some(match &self.serve_tls_ca {
            Some(file) => tls.client_ca(read(file)?),
            None => tls,
        }))
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::here(format!("{}: {error}", file.display())))
}
