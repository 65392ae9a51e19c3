//! Credentials for TLS: of the folder that the environment names, for `tcp:` addresses.

use std::path::PathBuf;
use std::{fs, io};

use samehost::{ClientTls, ServerTls};

/// Where the folder is named.
const FOLDER: &str = "SAMEHOST_TLS";

/// Those of a client, which shows its own and trusts the folder's authority alone; nothing where none are wanted.
///
/// # Errors
/// Where a file cannot be read.
pub fn of_client(address: &str) -> io::Result<Option<ClientTls>> {
    let Some(folder) = folder(address) else { return Ok(None) };
    let read = |name: &str| fs::read(folder.join(name));
    let tls = ClientTls::new().ca_certificate(read("ca.pem")?);
    Ok(Some(tls.identity(read("client-chain.pem")?, read("client-key.pem")?)))
}

/// Those of a server, which takes clients of the folder's authority alone; nothing where none are wanted.
///
/// # Errors
/// Where a file cannot be read.
pub fn of_server(address: &str) -> io::Result<Option<ServerTls>> {
    let Some(folder) = folder(address) else { return Ok(None) };
    let read = |name: &str| fs::read(folder.join(name));
    Ok(Some(ServerTls::new(read("chain.pem")?, read("key.pem")?).client_ca(read("ca.pem")?)))
}

fn folder(address: &str) -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|_| address.starts_with("tcp:")).map(PathBuf::from)
}
