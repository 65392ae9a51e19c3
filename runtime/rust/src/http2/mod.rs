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
mod io;
mod messages;
mod runtime;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use samehost_transport_api::{Fault, FirstBytes, Link, LinkError, Peer};
use samehost_transport_posix::FdLink;

use crate::call::Settings;
use crate::call::bridge::Bridge;
use crate::surface;
use crate::wire::Limits;
pub(crate) use runtime::forget_after_fork;

/// What an HTTP/2 client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What carries the calls, for people.
const MEDIUM: &str = "gRPC over HTTP/2";
/// How long a peer may take to read the last words.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Room in a list of headers besides the metadata: HTTP's own, and the 32 bytes that it counts with each.
const HEADER_ROOM: u32 = 8 << 10;

/// How much a peer may send on a connection before it is read: as much as HTTP/2 can say, so that streams that nobody reads
/// hold no other one up. Each has a window of its own.
const WINDOW: u32 = i32::MAX as u32;

/// The bridge to peers that speak gRPC over HTTP/2.
pub(crate) struct Http2;

impl Bridge for Http2 {
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
        open: Box<dyn Any + Send>,
    ) -> Result<Arc<dyn Link>, LinkError> {
        accept::accept(link, server, open)
    }

    fn connect(
        &self,
        link: Arc<dyn Link>,
        client: Limits,
        timeout: Duration,
    ) -> Result<Arc<dyn Link>, LinkError> {
        connect::connect(link, client, timeout)
    }
}

/// A link to a peer within this process that stands for the one of HTTP/2, and the end that the bridge keeps.
fn pair(peer: &Peer) -> Result<[Arc<dyn Link>; 2], LinkError> {
    let failed = |error: std::io::Error| Fault::LinkFailed.with(&[&peer.address, &"socketpair", &error]);
    let (near, far) = UnixStream::pair().map_err(failed)?;
    let over = |end: UnixStream| FdLink::over(end.into(), peer.clone()).map_err(|errno| failed(errno.into()));
    Ok([Arc::new(over(near)?.with_medium(MEDIUM.to_owned())), Arc::new(over(far)?)])
}

/// Runs a bridge to this peer.
fn run(peer: &Peer, bridge: impl Future<Output = ()> + Send + 'static) -> Result<(), LinkError> {
    runtime::spawn(bridge).map_err(|error| Fault::LinkFailed.with(&[&peer.address, &"thread", &error]))
}

/// What the bridge's own end of a pair is made with: it takes whatever goes through it, for both ends have limits.
fn settings(peer: &Peer) -> Settings {
    let limits = surface::Limits {
        max_inbound_message_size: i32::MAX as u32,
        max_inbound_metadata_size: 32 << 10,
        gzip: true,
        ..surface::Limits::default()
    };
    limits.settings(&peer.address)
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

/// What the first future gives, or what the second one does where that is ready before.
async fn before<A, B>(mut first: Pin<&mut A>, mut second: Pin<&mut B>) -> Result<A::Output, B::Output>
where
    A: Future + ?Sized,
    B: Future + ?Sized,
{
    poll_fn(|cx| match first.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => second.as_mut().poll(cx).map(Err),
    })
    .await
}
