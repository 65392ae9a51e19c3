//! The demo's Rust side.
