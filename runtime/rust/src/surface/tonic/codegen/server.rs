//! Unary calls of a generated server, by the short way.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;
use tonic::codec::EnabledCompressionEncodings;
use tonic::metadata::MetadataMap;
use tonic::server::UnaryService;

use super::{decoded, encoded, missing, surplus};
use crate::call::server_call::Messages;
use crate::connection;
use crate::surface::tonic::body::broken_off;

/// A call that may go the short way, in the extensions of its HTTP request. So it passes interceptors and whatever
/// else an application puts before the generated code; and where that takes the request's body, the call goes
/// tonic's way. The message and the answer are kept here, and travel in no body.
#[derive(Clone)]
pub struct UnaryCall {
    shared: Arc<Shared>,
}

struct Shared {
    messages: Arc<Mutex<Messages>>,
    answer: Mutex<Option<connection::Message>>,
}

impl UnaryCall {
    pub(in crate::surface::tonic) fn new(messages: Arc<Mutex<Messages>>) -> UnaryCall {
        UnaryCall { shared: Arc::new(Shared { messages, answer: Mutex::default() }) }
    }

    /// The answer that the generated code has left here.
    pub(in crate::surface::tonic) fn take_answer(&self) -> Option<connection::Message> {
        self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The call of a request, where it may go this way: it came so, and the service compresses nothing.
    pub fn of<B>(
        request: &mut http::Request<B>,
        accepts: EnabledCompressionEncodings,
        sends: EnabledCompressionEncodings,
    ) -> Option<UnaryCall> {
        let call = request.extensions_mut().remove::<UnaryCall>()?;
        let any = |mut encodings: EnabledCompressionEncodings| encodings.pop().is_some();
        (!any(accepts) && !any(sends)).then_some(call)
    }

    /// Runs the handler. The response has the headers, or all of an error; a message is left for whoever has sent
    /// the request.
    pub async fn serve<Q, S, B>(
        self,
        mut service: S,
        request: http::Request<B>,
        max_decoding: Option<usize>,
        max_encoding: Option<usize>,
    ) -> http::Response<tonic::body::Body>
    where
        Q: Message + Default,
        S: UnaryService<Q>,
        S::Response: Message,
    {
        let (head, body) = request.into_parts();
        // It is another view of the same messages.
        drop(body);
        let answering = async {
            let message = decoded(self.message().await?, max_decoding, "the client")?;
            let metadata = MetadataMap::from_headers(head.headers);
            let request = tonic::Request::from_parts(metadata, head.extensions, message);
            let (metadata, message, extensions) = service.call(request).await?.into_parts();
            Ok::<_, tonic::Status>((metadata, encoded(&message, max_encoding)?, extensions))
        };
        let (metadata, message, extensions) = match answering.await {
            Ok(answer) => answer,
            Err(status) => return status.into_http(),
        };
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
        let mut response = http::Response::new(tonic::body::Body::default());
        *response.headers_mut() = metadata.into_headers();
        *response.extensions_mut() = extensions;
        response
    }

    /// The one message of the request, once that has ended.
    async fn message(&self) -> Result<connection::Message, tonic::Status> {
        let next = || {
            poll_fn(|cx| self.shared.messages.lock().unwrap_or_else(PoisonError::into_inner).poll_next(cx))
        };
        let message = match next().await {
            Some(message) => message.map_err(broken_off)?,
            None => return Err(missing("the client")),
        };
        match next().await {
            Some(Ok(_)) => Err(surplus("the client")),
            Some(Err(status)) => Err(broken_off(status)),
            None => Ok(message),
        }
    }
}
