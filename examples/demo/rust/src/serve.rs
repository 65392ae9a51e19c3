//! Serves text analysis, until SIGTERM or until its host has gone.

use std::error::Error;

use tokio::signal::unix::{SignalKind, signal};

use crate::proto::text_analysis_server::TextAnalysisServer;
use crate::service::TextAnalysisService;

pub async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let server = samehost::Server::builder()
        .add_service(TextAnalysisServer::new(TextAnalysisService))
        .bind(address)?;
    println!("READY {address}");
    tokio::select! {
        ended = server.terminated() => ended?,
        _ = terminate.recv() => {
            server.shutdown();
            server.terminated().await?;
        }
    }
    Ok(())
}
