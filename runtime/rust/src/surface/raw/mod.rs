//! Calls whose messages are bytes: what bindings of other languages stand on, and whoever has a codec
//! of their own. No runtime is needed, and nothing of prost, tonic or tokio.
//!
//! A [`Channel`] makes a [`Call`], a [`Server`] hands out [`ServerCall`]s; any number of threads may use
//! one at the same time. Every operation that waits has two forms. The one that takes a [`Patience`] waits
//! on the calling thread, which reads the connection meanwhile, for all. The one whose name begins with
//! `poll` registers a waker, for event loops and tasks.
//!
//! Who moves the bytes is chosen when a channel or a server is made: threads (`Channel::builder`,
//! [`ServerBuilder::serve_on_threads`]), or an event loop of the application's, by its [`Hub`]. Deadlines are kept
//! by a thread of the process, so that they pass also while nobody waits. [`Tender`] sees to what callers do
//! not wait for.
//!
//! A handler calls its caller by [`ServerCall::caller`]; what a client serves then is its builder's to say
//! ([`ChannelBuilder::serve_on_threads`], [`ChannelBuilder::serve_on_hub`]).
//!
//! ```no_run
//! # fn main() -> Result<(), samehost::Status> {
//! use samehost::raw::{CallOptions, Channel, Patience};
//!
//! let channel = Channel::builder("unix:/run/app.sock").build()?;
//! let options = CallOptions::default();
//! let outcome = channel.unary("/demo.Greeter/Hello", options, "bytes".into(), Patience::endless()).unwrap();
//! println!("{:?}: {:?}", outcome.status.code(), outcome.message);
//! # Ok(()) }
//! ```

mod call;
mod channel;
mod hub;
mod meeting;
mod options;
mod outcome;
mod patience;
mod server;
mod server_call;
mod unary;

use bytes::Bytes;

pub use crate::call::tender::{Around, Tender};
#[cfg(feature = "json")]
pub use crate::json::Descriptors;
#[cfg(feature = "http1")]
pub use crate::json::Transcoder;
pub use call::{Call, Ended};
pub use channel::{Channel, ChannelBuilder};
pub use hub::{Hub, HubLink, HubTask};
pub use options::CallOptions;
pub use outcome::Outcome;
pub use patience::{Interrupted, Patience};
pub use server::{Server, ServerBuilder};
pub use server_call::{Answer, OutOfOrder, Over, ServerCall};

use crate::connection::Message;
use crate::surface::gzip;

/// In a child that was forked by this process: nothing of the parent's threads is waited for. What the parent has made
/// must not be used any more, and not dropped either.
pub fn forget_after_fork() {
    crate::call::timers::Timers::forget_after_fork();
    #[cfg(feature = "http2")]
    crate::bridges::forget_after_fork();
}

/// A message as it is sent.
fn outgoing(bytes: Bytes, compress: bool) -> Message {
    if compress {
        Message { bytes: gzip::compressed(&bytes), compressed: true }
    } else {
        Message { bytes, compressed: false }
    }
}
