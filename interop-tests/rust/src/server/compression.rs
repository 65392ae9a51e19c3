//! What a handler must know and decide of compressed messages, one by one.

use std::collections::VecDeque;
use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use flate2::read::GzDecoder;
use http_body::{Body, Frame};
use tonic::Status;
use tonic::server::NamedService;
use tower_service::Service;

use crate::compression::{Messages, Seen, Watched};
use crate::proto::testing::BoolValue;

/// Which of the answers that follow are to be compressed, in their order; one that is not named is not.
#[derive(Clone, Default)]
pub(super) struct Wanted(Arc<Mutex<VecDeque<bool>>>);

impl Wanted {
    /// Says it of further answers; the answer is whether any is to be compressed.
    pub(super) fn add(&self, wanted: impl IntoIterator<Item = bool>) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(wanted);
        all.contains(&true)
    }

    fn next(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(false)
    }
}

/// Holds what a request says of itself against how it came.
pub(super) fn check(said: Option<BoolValue>, compressed: Option<&bool>) -> Result<(), Status> {
    match said {
        Some(said) if Some(&said.value) != compressed => {
            let came = if said.value { "was not" } else { "was" };
            Err(Status::invalid_argument(format!("the request {came} compressed, and says otherwise")))
        }
        _ => Ok(()),
    }
}

/// A service whose handlers find in the request's extensions how its messages came, as [`Seen`], and may say of
/// each answer whether it is compressed, by [`Wanted`]: tonic compresses all of a stream or none of it.
#[derive(Clone)]
pub(super) struct Compression<S>(pub(super) S);

impl<S: NamedService> NamedService for Compression<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<tonic::body::Body>> for Compression<S>
where
    S: Service<http::Request<tonic::body::Body>, Response = http::Response<tonic::body::Body>>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Answer>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let (seen, wanted) = (Seen::default(), Wanted::default());
        let mut request = request.map(|body| tonic::body::Body::new(Watched::new(body, seen.clone())));
        request.extensions_mut().insert(seen);
        request.extensions_mut().insert(wanted.clone());
        let answering = self.0.call(request);
        Box::pin(async move {
            let response = answering.await?;
            Ok(response.map(|body| Answer { body: Box::pin(body), messages: Messages::default(), wanted }))
        })
    }
}

/// The body of an answer, its messages unpacked that are not to be compressed.
pub(super) struct Answer {
    body: Pin<Box<tonic::body::Body>>,
    messages: Messages,
    wanted: Wanted,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match ready!(self.body.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        let answer = &mut *self;
        answer.messages.push(&data);
        let mut out = BytesMut::new();
        for (compressed, message) in answer.messages.by_ref() {
            let keeps = answer.wanted.next() || !compressed;
            let message = if keeps { message } else { unpacked(&message)? };
            out.put_u8(u8::from(compressed && keeps));
            out.put_u32(u32::try_from(message.len()).expect("a message is shorter than 4 GiB"));
            out.put_slice(&message);
        }
        Poll::Ready(Some(Ok(Frame::data(out.freeze()))))
    }
}

fn unpacked(message: &[u8]) -> Result<Bytes, Status> {
    let mut whole = Vec::new();
    GzDecoder::new(message).read_to_end(&mut whole)?;
    Ok(whole.into())
}
