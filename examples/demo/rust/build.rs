//! Generates tonic's stubs from the demo's contract, without protoc.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../../../proto/demo");
    let contract = protox::compile(["demo/text_analysis.proto"], ["../../../proto"])?;
    tonic_prost_build::configure().build_transport(false).compile_fds(contract)?;
    Ok(())
}
