//! Generates tonic's stubs from the contracts of the interop tests, and their descriptors, without protoc.

use std::path::Path;

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proto = "../../proto";
    let files = ["grpc/testing/test.proto", "samehost/testing/control.proto"];
    for file in ["grpc/testing", "samehost/testing"] {
        println!("cargo:rerun-if-changed={proto}/{file}");
    }
    let descriptors = protox::compile(files, [proto])?;
    let file = Path::new(&std::env::var("OUT_DIR")?).join("interop.bin");
    std::fs::write(file, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().build_transport(false).bytes(".").compile_fds(descriptors)?;
    Ok(())
}
