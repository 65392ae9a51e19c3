//! gRPC over HTTP/2: stock clients of tonic call a server of ours, and channels of ours a stock server.
#![cfg(feature = "http2")]

mod cases;
mod clients;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod limits;
mod odd;
mod servers;
mod stock;
