//! The demo's Rust program: `serve ADDRESS` serves text analysis there, `call ADDRESS...` calls it.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program that people watch

mod call;
mod serve;
mod service;
mod tally;

/// What tonic generates from the contract.
mod proto {
    tonic::include_proto!("samehost.demo");
}

use std::env;
use std::error::Error;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let Err(failure) = run().await else { return ExitCode::SUCCESS };
    eprintln!("samehost-demo: {failure}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", address] => serve::serve(address).await,
        ["call", ref addresses @ ..] if !addresses.is_empty() => {
            for address in addresses {
                call::call(address).await?;
            }
            Ok(())
        }
        _ => Err("usage: samehost-demo serve ADDRESS | call ADDRESS...".into()),
    }
}
