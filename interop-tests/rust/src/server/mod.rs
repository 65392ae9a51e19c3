//! The interop server.

mod answers;
mod compression;
mod control_service;
mod known_calls;
mod test_service;
mod told;

use std::io::{self, Write};
use std::sync::Arc;

use samehost::Server;
use tokio::signal::unix::{SignalKind, signal};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::interceptor::InterceptedService;

use crate::proto::control::control_service_server::ControlServiceServer;
use crate::proto::testing::test_service_server::TestServiceServer;
use compression::Compression;
use control_service::ControlService;
use known_calls::KnownCalls;
use test_service::TestService;
use told::Told;

/// Serves at an address until SIGTERM, or until the host ends the link. Prints `READY ADDRESS` when
/// clients can connect.
///
/// # Errors
/// Why the address cannot be served.
pub async fn serve(address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let calls = Arc::new(KnownCalls::default());
    let test = TestServiceServer::new(TestService)
        .accept_compressed(Gzip)
        .send_compressed(Gzip)
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX);
    let control = ControlServiceServer::new(ControlService::new(calls.clone()))
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX);
    let control = InterceptedService::new(control, control_service::note_caller);
    let server = Server::builder()
        .add_service(Told::new(Compression(test), calls.clone()))
        .add_service(Told::new(control, calls))
        .bind(address)?;
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
