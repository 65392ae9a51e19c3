//! Calls over connections, in motion: I/O, clocks, threads and locks. `session` puts a lock around one
//! [`Connection`](crate::connection::Connection), its drivers (`task` on tokio, `reader` for threads, `hub` for an event
//! loop) move its bytes, `channel` and `server` make sessions, `client_call` and `server_call` are one call each.

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
pub(crate) mod server;
pub(crate) mod server_call;
pub(crate) mod session;
pub(crate) mod span;
#[cfg(feature = "tonic")]
pub(crate) mod task;
pub(crate) mod tender;
pub(crate) mod timers;
