//! gRPC over HTTP/2 at the addresses of the wire. A bridge turns a connection of HTTP/2 into a link, within this process:
//! what is under it knows nothing of HTTP.
//!
//! ```text
//! HTTP/2 client --link-- hyper's server, a channel of ours --pair-- the server's connection, as any other
//! the channel's connection, as any other --pair-- a server of ours, hyper's client --link-- HTTP/2 server
//! ```

mod accept;
mod authority;
mod connect;
mod frames;
mod messages;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{FirstBytes, Link, LinkError};

use crate::call::bridge::{Accept, Connect, Open};
use crate::wire::Limits;

/// What an HTTP/2 client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What carries the calls, for people.
const MEDIUM: &str = "gRPC over HTTP/2";
/// The largest list of headers that is read, in HTTP's way of counting, with 32 bytes more for each. Whether its metadata is
/// too large is for our wire to say, where that ends its call alone, and in words.
const HEADERS: u32 = 40 << 10;

/// How much a peer may send on a connection before it is read: as much as HTTP/2 can say, so that streams that nobody reads
/// hold no other one up. Each has a window of its own.
const WINDOW: u32 = i32::MAX as u32;

/// The bridge to peers that speak gRPC over HTTP/2.
pub(crate) struct Http2;

impl Accept for Http2 {
    fn judge(&self, bytes: &[u8]) -> FirstBytes {
        match bytes.len().min(PREFACE.len()) {
            known if bytes[..known] != PREFACE[..known] => FirstBytes::No,
            known if known < PREFACE.len() => FirstBytes::More,
            _ => FirstBytes::Yes,
        }
    }

    fn accept(
        &self,
        link: Arc<dyn Link>,
        server: Limits,
        open: Box<dyn Open>,
    ) -> Result<Arc<dyn Link>, LinkError> {
        accept::accept(link, server, open)
    }
}

impl Connect for Http2 {
    fn connect(
        &self,
        link: Arc<dyn Link>,
        client: Limits,
        timeout: Duration,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Arc<dyn Link>, LinkError> {
        connect::connect(link, client, timeout, wanted)
    }
}

/// Hyper's tasks run on the bridge's runtime.
#[derive(Clone)]
struct Tasks;

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}
