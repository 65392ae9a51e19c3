//! What bridges to other protocols have in common: a thread for all of them, links for hyper, and calls to a server of ours
//! in this process.

mod inside;
mod io;
mod runtime;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use samehost_transport_api::{Fault, Link, LinkError, Peer};
use samehost_transport_posix::{FdLink, socket_pair, system_fault};

use crate::connection::Settings;
use crate::surface;
pub(crate) use inside::{Inside, LastWords, serve};
pub(crate) use io::{LinkIo, Listening};
pub(crate) use runtime::forget_after_fork;

/// How long a peer may take to read the last words, or the next of them.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

/// A link to a peer within this process that stands for one that speaks another protocol, `medium`, and the end that the
/// bridge keeps.
pub(crate) fn pair(peer: &Peer, medium: &str) -> Result<[Arc<dyn Link>; 2], LinkError> {
    let over = |end| FdLink::over(end, peer.clone());
    let made = socket_pair().and_then(|(near, far)| Ok((over(near)?, over(far)?)));
    let (near, far) =
        made.map_err(|errno| system_fault(Fault::LinkFailed, &peer.address, "socketpair", errno))?;
    Ok([Arc::new(near.with_medium(medium.to_owned())), Arc::new(far)])
}

/// Runs a bridge to this peer.
pub(crate) fn run(peer: &Peer, bridge: impl Future<Output = ()> + Send + 'static) -> Result<(), LinkError> {
    runtime::spawn(bridge).map_err(|error| Fault::LinkFailed.with(&[&peer.address, &"thread", &error]))
}

/// Has a bridge serve a client over its link and its own end of a pair, and warns where that ends badly. Answers the end that
/// stands for the client.
pub(crate) fn accept<F>(
    link: Arc<dyn Link>,
    medium: &str,
    protocol: &'static str,
    serve: impl FnOnce(Arc<dyn Link>, Arc<dyn Link>) -> F + Send + 'static,
) -> Result<Arc<dyn Link>, LinkError>
where
    F: Future<Output = Result<(), String>> + Send,
{
    let peer = link.peer().clone();
    let [near, far] = pair(&peer, medium)?;
    let address = peer.address.clone();
    run(&peer, async move {
        if let Err(error) = serve(link, far).await {
            tracing::warn!(%address, error, "a connection of {protocol} was closed");
        }
    })?;
    Ok(near)
}

/// What the bridge's own end of a pair is made with: it takes whatever goes through it, for both ends have limits.
pub(crate) fn settings(peer: &Peer) -> Settings {
    let limits = surface::Limits {
        max_inbound_message_size: i32::MAX as u32,
        max_inbound_metadata_size: 32 << 10,
        gzip: true,
        ..surface::Limits::default()
    };
    limits.settings(&peer.address)
}

/// What the first future gives, or what the second one does where that is ready before.
pub(crate) async fn before<A, B>(
    mut first: Pin<&mut A>,
    mut second: Pin<&mut B>,
) -> Result<A::Output, B::Output>
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
