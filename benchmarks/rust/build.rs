//! Generates tonic's stubs from the benchmarks' contract, without protoc; and those of Cap'n Proto, if it is to be measured too.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../proto");
    let contract = protox::compile(["echo.proto"], ["../proto"])?;
    tonic_prost_build::configure().build_transport(false).compile_fds(contract)?;
    #[cfg(feature = "capnp")]
    capnp()?;
    Ok(())
}

/// Cap'n Proto has a compiler of its own: `CAPNP` tells where it is, if not on the path.
#[cfg(feature = "capnp")]
fn capnp() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=CAPNP");
    let compiler = std::env::var("CAPNP").unwrap_or("capnp".to_owned());
    let mut command = capnpc::CompilerCommand::new();
    command.capnp_executable(compiler).src_prefix("../proto").file("../proto/echo.capnp").run()?;
    Ok(())
}
