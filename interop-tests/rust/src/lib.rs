//! The interop client and server in Rust.
