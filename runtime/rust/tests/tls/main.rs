//! Calls by TLS, on every surface and by every protocol.
#![cfg(all(feature = "tls", feature = "http2", feature = "json", feature = "blocking"))]

mod bridges;
mod calls;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod sides;
