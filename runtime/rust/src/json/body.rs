//! Bodies: of requests, as they come, and of answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use samehost_transport_api::Fault;
use tokio::time::timeout;

use crate::call::server::HELLO_TIMEOUT;
use crate::connection::MESSAGE_OPTION;
use crate::surface::Status;

/// Why a body was not read to its end.
pub(super) enum Unread {
    /// It is larger than the limit.
    TooLarge(Status),
    /// Nothing of it came for too long.
    Late,
    /// The connection has ended.
    Broken(hyper::Error),
}

/// The whole body of a request, of at most so many bytes.
pub(super) async fn gather(mut body: Incoming, limit: u32) -> Result<Bytes, Unread> {
    let within = |bytes: u64| match bytes > limit.into() {
        true => Err(Unread::TooLarge(too_large(bytes, limit))),
        false => Ok(()),
    };
    within(body.size_hint().lower())?;
    // Most come in one piece, which is not copied.
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
        let Some(frame) = timeout(HELLO_TIMEOUT, next).await.map_err(|_| Unread::Late)? else { break };
        // What follows the body in pieces, its trailers, says nothing here.
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
        within((only.len() + whole.len() + data.len()) as u64)?;
        if only.is_empty() && whole.is_empty() {
            only = data;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut only));
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { only } else { whole.freeze() })
}

fn too_large(bytes: u64, limit: u32) -> Status {
    Fault::MessageTooLarge.with(&[&bytes, &limit, &"server", &MESSAGE_OPTION]).into()
}

/// The body of an answer.
pub(super) struct Whole(Option<Bytes>);

impl Whole {
    pub(super) fn of(bytes: Bytes) -> Whole {
        Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}
