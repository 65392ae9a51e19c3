//! Generates messages and tonic's stubs from the contract, without protoc.

fn main() -> std::io::Result<()> {
    samehost_build::compile_protos("../proto/cache.proto")
}
