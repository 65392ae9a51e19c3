//! What happens to every call around its handler.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use tonic::server::NamedService;
use tower_service::Service;

use super::known_calls::{KnownCalls, OpenCall};
use crate::{ECHO_INITIAL, ECHO_TRAILING, TEST_KEY};

/// A service whose calls are told to [`KnownCalls`] where they have a key, and whose clients get the
/// metadata back that they want to see again.
#[derive(Clone)]
pub(super) struct Told<S> {
    inner: S,
    calls: Arc<KnownCalls>,
}

impl<S> Told<S> {
    pub(super) fn new(inner: S, calls: Arc<KnownCalls>) -> Told<S> {
        Told { inner, calls }
    }
}

impl<S: NamedService> NamedService for Told<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, Q, B> Service<http::Request<Q>> for Told<S>
where
    S: Service<http::Request<Q>, Response = http::Response<B>>,
    S::Future: Send + 'static,
{
    type Response = http::Response<ToldBody<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Q>) -> Self::Future {
        let key = request.headers().get(TEST_KEY).and_then(|key| key.to_str().ok());
        let call = key.map(|key| self.calls.opened(key.to_owned()));
        let initial = values(request.headers(), ECHO_INITIAL);
        let trailing = values(request.headers(), ECHO_TRAILING);
        let answering = self.inner.call(request);
        Box::pin(async move {
            let (mut head, body) = answering.await?.into_parts();
            append(&mut head.headers, ECHO_INITIAL, &initial);
            // A call that fails at once has its status, and so its trailers, in the headers.
            if let Some(code) = code(&head.headers) {
                append(&mut head.headers, ECHO_TRAILING, &trailing);
                if let Some(call) = &call {
                    call.ended(code);
                }
            }
            Ok(http::Response::from_parts(head, ToldBody { body: Box::pin(body), trailing, call }))
        })
    }
}

/// The body of an answer.
pub(super) struct ToldBody<B> {
    body: Pin<Box<B>>,
    trailing: Vec<HeaderValue>,
    call: Option<OpenCall>,
}

impl<B: Body<Data = Bytes>> Body for ToldBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(self.body.as_mut().poll_frame(cx));
        let Some(Ok(frame)) = frame else {
            return Poll::Ready(frame);
        };
        Poll::Ready(Some(Ok(match frame.into_trailers() {
            Ok(mut trailers) => {
                append(&mut trailers, ECHO_TRAILING, &self.trailing);
                if let (Some(call), Some(code)) = (&self.call, code(&trailers)) {
                    call.ended(code);
                }
                Frame::trailers(trailers)
            }
            Err(data) => data,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn values(headers: &HeaderMap, key: &str) -> Vec<HeaderValue> {
    headers.get_all(key).into_iter().cloned().collect()
}

fn append(headers: &mut HeaderMap, key: &'static str, values: &[HeaderValue]) {
    for value in values {
        headers.append(HeaderName::from_static(key), value.clone());
    }
}

fn code(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}
