//! Generates tonic's stubs from the benchmarks' contract, without protoc.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../proto");
    let contract = protox::compile(["echo.proto"], ["../proto"])?;
    tonic_prost_build::configure().build_transport(false).compile_fds(contract)?;
    Ok(())
}
