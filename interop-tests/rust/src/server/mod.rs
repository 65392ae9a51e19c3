//! The interop server.

mod answers;
mod calling_back;
mod compression;
mod control_service;
mod known_calls;
mod test_service;
mod test_services;
mod told;

use std::io::{self, Write};

use samehost::Server;
use tokio::signal::unix::{SignalKind, signal};

use crate::secret;

pub(crate) use test_services::TestServices;

/// Serves at an address until SIGTERM, or until the host ends the link. Prints `READY ADDRESS` when
/// clients can connect.
///
/// # Errors
/// Why the address cannot be served.
pub async fn serve(address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut builder = TestServices::new().served_by(Server::builder());
    if let Some(tls) = secret::of_server(address)? {
        builder = builder.tls(tls);
    }
    let server = builder.bind(address)?;
    ready(address)?;
    tokio::select! {
        ended = server.terminated() => ended?,
        _ = terminate.recv() => {
            server.shutdown();
            server.terminated().await?;
        }
    }
    Ok(())
}

/// The wire of `stdio:` is standard output, so it says so on stderr there.
fn ready(address: &str) -> io::Result<()> {
    if address == "stdio:" {
        writeln!(io::stderr(), "READY {address}")
    } else {
        let mut out = io::stdout();
        writeln!(out, "READY {address}")?;
        out.flush()
    }
}
