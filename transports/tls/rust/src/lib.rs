//! TLS: it makes one link secret, and is a link itself.
//!
//! The promises and the faults stand in the folder's `README.md`.

mod acceptance;
mod certificates;
mod client;
mod faults;
mod link;
mod names;
mod server;
mod session;

pub use acceptance::Acceptance;
pub use client::{ClientTls, Greeter};
pub use link::{Greeted, TlsLink};
pub use server::ServerTls;
