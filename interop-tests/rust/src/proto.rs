//! The stock tonic stubs of the interop services.
#![allow(missing_docs, clippy::all)] // generated

/// The standard services.
pub mod testing {
    tonic::include_proto!("grpc.testing");
}

/// What the tests need beyond them.
pub mod control {
    tonic::include_proto!("samehost.testing");
}

/// What the messages of both are, for JSON.
pub(crate) const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("interop");
