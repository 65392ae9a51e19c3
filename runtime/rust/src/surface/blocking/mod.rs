//! Channels for threads: no runtime is needed, and a thread that waits for its answer reads the
//! connection itself.
//!
//! ```no_run
//! # fn main() -> Result<(), samehost::Status> {
//! use samehost::blocking::{CallOptions, Channel};
//!
//! let channel = Channel::for_address("unix:/run/app.sock")?;
//! # #[derive(Clone, PartialEq, prost::Message)] struct Ask {}
//! # #[derive(Clone, PartialEq, prost::Message)] struct Answer {}
//! let answer = channel.unary::<Ask, Answer>("demo.Greeter/Hello", &Ask {}, &CallOptions::new())?;
//! println!("{:?}", answer.message);
//! # Ok(()) }
//! ```
//!
//! These channels offer no services, for handlers need a runtime: a server that calls back learns that with UNIMPLEMENTED,
//! by whatever thread waits for an answer then. [`raw`](crate::raw) serves calls back on threads, and `samehost::Channel`
//! those of tonic's services.

mod call;
mod channel;
mod options;
mod unary;

pub use call::{Call, Canceller, Receiver, Response, Sender};
pub use channel::{Channel, ChannelBuilder};
pub use options::CallOptions;
