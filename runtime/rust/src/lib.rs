//! Calls between processes of one host: clients and servers over any transport.

#[allow(dead_code, unused_imports)] // the whole protocol is here, and not every part has a user yet
mod call;
mod surface;
#[cfg(test)]
mod vectors;
#[allow(dead_code, unused_imports)] // as above
mod wire;

pub use call::channel::ConnectivityState;
pub use samehost_transport_api as transport;
pub use samehost_transport_api::{Code, Options, Peer, Registry};
pub use samehost_transport_stdio::{StderrLines, StdioOptions, StdioTransport};
pub use samehost_transport_unix::{UnixOptions, UnixTransport};
#[cfg(feature = "tonic")]
pub use surface::tonic::{
    Channel, ChannelBuilder, ResponseBody, ResponseFuture, Server, ServerBuilder, WaitForReady,
};
pub use surface::{Metadata, Status, blocking};
