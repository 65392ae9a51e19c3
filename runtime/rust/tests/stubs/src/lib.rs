//! The stock tonic stubs that the tests of samehost call and serve.
#![allow(missing_docs)] // generated

tonic::include_proto!("samehost.test.v1");

/// The contract, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("echo");
