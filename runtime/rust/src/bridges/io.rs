//! A link as hyper reads and writes it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use hyper::rt::ReadBufCursor;
use samehost_transport_api::{Link, Read};
use tokio::sync::oneshot;

use crate::call::polled::Polled;

const BUFFER_BYTES: usize = 32 << 10;

/// Sees what is read of a link, before hyper does, and may change it.
pub(crate) type Listening = Box<dyn FnMut(&mut [u8]) + Send>;

/// A link as hyper reads and writes it, which closes it by dropping this.
pub(crate) struct LinkIo {
    link: Arc<dyn Link>,
    polled: Polled,
    buffer: Box<[u8]>,
    /// Nothing was read yet, or not to the end: a link may hold bytes of which its descriptor does not tell.
    fresh: bool,
    listening: Listening,
    /// Ready when the link is to be closed, whatever hyper has still to do with it.
    closing: oneshot::Receiver<()>,
    written: Arc<AtomicU64>,
}

impl LinkIo {
    /// Within a runtime. The link breaks when `closing` is over.
    pub(crate) fn over(
        link: Arc<dyn Link>,
        listening: Listening,
        closing: oneshot::Receiver<()>,
    ) -> io::Result<LinkIo> {
        let polled = Polled::over(&*link)?;
        let buffer = vec![0; BUFFER_BYTES].into();
        Ok(LinkIo { link, polled, buffer, fresh: true, listening, closing, written: Arc::default() })
    }

    /// How many bytes the link has taken.
    pub(super) fn written(&self) -> Arc<AtomicU64> {
        self.written.clone()
    }
}

impl hyper::rt::Read for LinkIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let LinkIo { link, polled, buffer, fresh, listening, closing, .. } = &mut *self;
        if closing.is_terminated() || Pin::new(closing).poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let room = cursor.remaining().min(buffer.len());
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let guard = match std::mem::take(fresh) {
                true => None,
                false => Some(ready!(polled.read().poll_read_ready(cx))?),
            };
            match link.read(&mut buffer[..room]).map_err(io::Error::other)? {
                Read::Bytes(count) => {
                    *fresh = guard.is_none();
                    listening(&mut buffer[..count]);
                    cursor.put_slice(&buffer[..count]);
                    return Poll::Ready(Ok(()));
                }
                Read::End => return Poll::Ready(Ok(())),
                Read::Empty => {
                    if let Some(mut guard) = guard {
                        guard.clear_ready();
                    }
                }
            }
        }
    }
}

impl hyper::rt::Write for LinkIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            let mut guard = ready!(self.polled.write().poll_write_ready(cx))?;
            match self.link.write(bytes).map_err(io::Error::other)? {
                0 => guard.clear_ready(),
                count => {
                    self.written.fetch_add(count as u64, Ordering::Relaxed);
                    return Poll::Ready(Ok(count));
                }
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// A frame's head and its payload go out by one system call.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let filled = slices.iter().filter(|slice| !slice.is_empty()).count();
        if filled > 1 {
            let mut whole = Vec::with_capacity(BUFFER_BYTES);
            for slice in slices {
                let room = BUFFER_BYTES - whole.len();
                whole.extend_from_slice(&slice[..slice.len().min(room)]);
            }
            return self.poll_write(cx, &whole);
        }
        let only = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        self.poll_write(cx, only)
    }
}
