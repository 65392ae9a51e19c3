//! Generates tonic's stubs from the test contract, without protoc, and keeps the contract for reflection.

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let descriptors = protox::compile(["echo.proto"], ["."])?;
    let file = std::path::Path::new(&std::env::var("OUT_DIR")?).join("echo.bin");
    std::fs::write(file, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
