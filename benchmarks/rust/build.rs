//! Generates stubs from the benchmarks' contract, ours and tonic's stock ones for the same messages; and those of Cap'n Proto, if it is to be measured too.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../proto");
    let contract = protox::compile(["echo.proto"], ["../proto"])?;
    samehost_build::configure().compile_fds(contract.clone())?;
    let stock = PathBuf::from(env::var("OUT_DIR")?).join("stock");
    fs::create_dir_all(&stock)?;
    tonic_prost_build::configure()
        .build_transport(false)
        .extern_path(".samehost.bench", "crate::proto")
        .out_dir(stock)
        .compile_fds(contract)?;
    #[cfg(feature = "capnp")]
    capnp()?;
    Ok(())
}

/// Cap'n Proto has a compiler of its own: `CAPNP` tells where it is, if not on the path.
#[cfg(feature = "capnp")]
fn capnp() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=CAPNP");
    let compiler = env::var("CAPNP").unwrap_or("capnp".to_owned());
    let mut command = capnpc::CompilerCommand::new();
    command.capnp_executable(compiler).src_prefix("../proto").file("../proto/echo.capnp").run()?;
    Ok(())
}
