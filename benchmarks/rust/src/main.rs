//! The client and the server of the benchmarks in Rust: `client|server --system NAME --address ADDRESS`.
//!
//! A server prints `READY ADDRESS` when clients can connect, and serves until it is killed, or until its host
//! ends it. A client prints `READY`, takes one order a line on its standard input, `CASE SIZE MILLISECONDS`, and
//! answers each with what it measured as a line of JSON.

#![allow(clippy::print_stdout, clippy::print_stderr)] // a program, and these are its protocol

#[cfg(feature = "capnp")]
mod capnp_peer;
mod flow;
#[cfg(feature = "iceoryx2")]
mod iceoryx2_peer;
mod measured;
mod orders;
mod ours;
mod pacing;
mod pipe;
mod raw;
mod ring;
mod service;
mod spinning;
mod stubs;
mod systems;
mod threads;

/// What `samehost-build` generates from the contract.
mod proto {
    tonic::include_proto!("samehost.bench");
}

/// What tonic generates of its own, for the same messages.
mod stock {
    include!(concat!(env!("OUT_DIR"), "/stock/samehost.bench.rs"));
}

/// What Cap'n Proto's compiler generates from its contract.
#[cfg(feature = "capnp")]
mod echo_capnp {
    #![allow(warnings, clippy::all)]
    include!(concat!(env!("OUT_DIR"), "/echo_capnp.rs"));
}

use std::env;
use std::error::Error;
use std::process::ExitCode;

/// Whatever ends a program of the benchmarks early.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let Err(failure) = run() else { return ExitCode::SUCCESS };
    eprintln!("samehost-benchmarks: {failure}");
    ExitCode::FAILURE
}

fn run() -> Result<(), Failure> {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["client", "--system", system, "--address", address] => {
            orders::take(systems::connect(system, address)?)
        }
        ["server", "--system", system, "--address", address] => systems::serve(system, address),
        _ => Err("usage: samehost-benchmarks client|server --system NAME --address ADDRESS".into()),
    }
}
