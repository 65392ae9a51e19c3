//! Which messages of a body are compressed, as its data passes by; tonic keeps that to itself.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame};

const PREFIX: usize = 5;

/// Whether each message that has passed was compressed, in their order.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<bool>>>);

impl Seen {
    /// All that have passed by now.
    pub fn all(&self) -> Vec<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, compressed: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(compressed);
    }
}

/// Cuts data into messages, each with whether it is compressed: gRPC's own framing.
#[derive(Default)]
pub struct Messages(BytesMut);

impl Messages {
    /// Takes further data.
    pub fn push(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }
}

impl Iterator for Messages {
    type Item = (bool, Bytes);

    fn next(&mut self) -> Option<(bool, Bytes)> {
        let [flag, length @ ..] = *self.0.first_chunk::<PREFIX>()?;
        let length = u32::from_be_bytes(length) as usize;
        if self.0.len() < PREFIX + length {
            return None;
        }
        self.0.advance(PREFIX);
        Some((flag == 1, self.0.split_to(length).freeze()))
    }
}

/// A body whose messages are noted as they pass.
pub struct Watched<B> {
    body: Pin<Box<B>>,
    messages: Messages,
    seen: Seen,
}

impl<B> Watched<B> {
    /// Notes the messages of this body there.
    pub fn new(body: B, seen: Seen) -> Watched<B> {
        Watched { body: Box::pin(body), messages: Messages::default(), seen }
    }
}

impl<B: Body<Data = Bytes>> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(self.body.as_mut().poll_frame(cx));
        let watched = &mut *self;
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            watched.messages.push(data);
            for (compressed, _) in watched.messages.by_ref() {
                watched.seen.push(compressed);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
