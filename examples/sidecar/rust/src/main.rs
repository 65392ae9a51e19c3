//! `cache-sidecar ADDRESS SNAPSHOT USER...` serves a cache to these users of the host, until SIGTERM. What it holds then, it
//! holds again when it has been started anew: it stands in the file SNAPSHOT meanwhile.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program that a supervisor starts

mod cache;
mod snapshot;
mod store;
mod users;

/// What is generated from the contract.
mod proto {
    tonic::include_proto!("samehost.examples.sidecar");
}

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use samehost::{Options, Server, UnixOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;

use crate::cache::CacheService;
use crate::proto::cache_server::CacheServer;
use crate::users::Users;

/// How long calls that are open may take to end, once the sidecar is to end.
const DRAIN: Duration = Duration::from_secs(5);

/// How many calls one client may have open; its further ones wait on its side.
const CALLS_OF_A_CLIENT: u32 = 256;

#[tokio::main]
async fn main() -> ExitCode {
    let Err(failure) = run().await else { return ExitCode::SUCCESS };
    eprintln!("cache-sidecar: {failure}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(file)) = (arguments.next(), arguments.next().map(PathBuf::from)) else {
        return Err("usage: cache-sidecar ADDRESS SNAPSHOT USER...".into());
    };
    let users = arguments.map(|user| user.parse()).collect::<Result<Users, _>>()?;

    let mut terminate = signal(SignalKind::terminate())?; // before anybody could send one
    let cache = CacheService::new(snapshot::load(&file)?);
    let (mut health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<CacheServer<CacheService>>().await;
    let server = Server::builder()
        .add_service(health_service) // for every user of the host: a supervisor may be another one
        .add_service(InterceptedService::new(CacheServer::new(cache.clone()), users))
        .max_concurrent_calls(CALLS_OF_A_CLIENT)
        .transport_options(Options::new().with(UnixOptions { any_user: true, ..UnixOptions::default() }))
        .bind(&address)?;
    println!("READY {}", server.address());

    tokio::select! {
        ended = server.terminated() => ended?,
        _ = terminate.recv() => {}
    }
    health.set_not_serving::<CacheServer<CacheService>>().await;
    server.shutdown();
    // What would not end by itself: those who watch the cache, or its health, which they are told first.
    cache.end_watches();
    for service in ["", CacheServer::<CacheService>::NAME] {
        health.clear_service_status(service).await;
    }
    let drained = timeout(DRAIN, server.terminated()).await.is_ok();
    server.shutdown_now();
    server.terminated().await?;
    snapshot::save(&file, &cache.entries())?; // nobody can change it any more
    if !drained {
        return Err("some calls did not end in time, and have failed".into());
    }
    println!("ENDED {address}");
    Ok(())
}
