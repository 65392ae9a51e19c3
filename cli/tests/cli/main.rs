//! The program as a person uses it: run against servers of this process.

mod bench;
mod call;
mod common;
mod doctor;
mod http2;
mod names;
mod serve;
mod tls;
