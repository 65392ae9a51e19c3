//! JSON over HTTP/1.1: clients that write requests themselves call a server of ours.
#![cfg(feature = "json")]

mod calls;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod errors;
mod http1;
mod limits;
mod refusals;
mod slowly_made;
mod web;
