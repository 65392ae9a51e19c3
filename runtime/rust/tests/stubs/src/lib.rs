//! The stock tonic stubs that the tests of samehost call and serve.
#![allow(missing_docs)] // generated

tonic::include_proto!("samehost.test.v1");
