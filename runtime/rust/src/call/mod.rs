//! Calls over connections, in motion: I/O, clocks, threads and locks. A module imports only what is below it. From below:
//! `session` puts a lock around one [`Connection`](crate::connection::Connection), `dial` makes it for a `channel`, `server`
//! takes it of a listener, `server_call` and `client_call` are one call each. Its drivers move its bytes: `reader` and its
//! `crew` for threads, `task` on tokio, `hub` for an event loop.

pub(crate) mod backoff;
pub(crate) mod blocking;
pub(crate) mod bridge;
#[cfg(test)]
mod by_hand;
pub(crate) mod channel;
pub(crate) mod client_call;
pub(crate) mod connectivity;
pub(crate) mod crew;
pub(crate) mod dial;
pub(crate) mod hub;
pub(crate) mod outgoing;
pub(crate) mod park;
#[cfg(feature = "tonic")]
pub(crate) mod polled;
pub(crate) mod reader;
pub(crate) mod roster;
pub(crate) mod server;
pub(crate) mod server_call;
pub(crate) mod session;
pub(crate) mod span;
#[cfg(feature = "tonic")]
pub(crate) mod task;
pub(crate) mod tender;
pub(crate) mod timers;
