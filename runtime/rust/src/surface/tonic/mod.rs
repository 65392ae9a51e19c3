//! The surface of tonic: its generated clients run over a [`Channel`], its generated services are
//! served by a [`Server`].

mod block_on;
mod body;
mod caller;
mod channel;
pub mod codegen;
mod framing;
mod handler;
mod medium;
pub(crate) mod metadata;
mod reply;
mod request;
mod response;
mod server;
mod service;
mod serving;
mod timed_call;
mod timeout;
mod told;

#[cfg(feature = "http2")]
pub(crate) use handler::begin;
#[cfg(feature = "http2")]
pub(crate) use reply::Unseen;
#[cfg(feature = "http2")]
pub(crate) use service::Services;
#[cfg(feature = "http1")]
pub(crate) use timed_call::TimedCall;

pub use block_on::block_on;
pub use body::ResponseBody;
pub use caller::caller;
pub use channel::{Channel, ChannelBuilder, WaitForReady};
pub use medium::Medium;
pub use response::ResponseFuture;
pub use server::{Server, ServerBuilder};
