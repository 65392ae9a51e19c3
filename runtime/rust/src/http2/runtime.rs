//! The runtime of all bridges of the process: one thread, from the first connection of HTTP/2 on.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

use samehost_transport_api::{Fault, LinkError, Peer};
use tokio::runtime::{Builder, Handle};
use tracing::Dispatch;

static RUNTIME: AtomicPtr<Handle> = AtomicPtr::new(null_mut());

/// The runtime of this process; where it cannot be had, a connection to this peer is not bridged.
pub(super) fn get(peer: &Peer) -> Result<&'static Handle, LinkError> {
    let known = RUNTIME.load(Ordering::Acquire);
    // SAFETY: what was put there lives as long as the process.
    if let Some(known) = unsafe { known.as_ref() } {
        return Ok(known);
    }
    let made = start().map_err(|error| Fault::LinkFailed.with(&[&peer.address, &"thread", &error]))?;
    let made = Box::into_raw(Box::new(made));
    // Where another thread was faster, both runtimes go on: that is rare, and one has no work then.
    let kept = match RUNTIME.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => made,
        Err(known) => known,
    };
    // SAFETY: either was just made, and neither is ever freed.
    Ok(unsafe { &*kept })
}

fn start() -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name("samehost-http2".to_owned()).spawn(move || {
        // The calls of a bridge have their spans on the sides that they are between.
        tracing::dispatcher::with_default(&Dispatch::none(), || {
            runtime.block_on(std::future::pending::<()>())
        });
    })?;
    Ok(handle)
}

/// In a forked child: the thread is the parent's, and what it has is left as it is.
pub(crate) fn forget_after_fork() {
    RUNTIME.store(null_mut(), Ordering::Release);
}
