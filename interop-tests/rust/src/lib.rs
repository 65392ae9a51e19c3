//! The interop client and server in Rust: the same parts, by the same names, as in Java.

pub mod blocks;
pub mod client;
pub mod compression;
pub mod flags;
pub mod proto;
pub mod secret;
pub mod server;
pub mod suite;

/// The metadata key that a call is known by to the server.
pub const TEST_KEY: &str = "samehost-test-key";
/// Comes back in the response headers.
pub const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
/// Comes back in the trailers.
pub const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";
