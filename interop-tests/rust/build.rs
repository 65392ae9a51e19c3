//! Generates tonic's stubs from the contracts of the interop tests, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proto = "../../proto";
    let files = ["grpc/testing/test.proto", "samehost/testing/control.proto"];
    for file in ["grpc/testing", "samehost/testing"] {
        println!("cargo:rerun-if-changed={proto}/{file}");
    }
    let descriptors = protox::compile(files, [proto])?;
    tonic_prost_build::configure().build_transport(false).bytes(".").compile_fds(descriptors)?;
    Ok(())
}
