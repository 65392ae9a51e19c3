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
