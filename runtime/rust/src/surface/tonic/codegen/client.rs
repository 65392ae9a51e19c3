//! Unary calls of a generated client, by the short way.

use std::any::Any;
use std::future::poll_fn;

use http::HeaderMap;
use prost::Message;
use tonic::metadata::MetadataMap;

use super::{decoded, encoded, missing, surplus};
use crate::call::client_call::{self, ClientCall};
use crate::connection;
use crate::surface::tonic::Channel;
use crate::surface::tonic::medium::Medium;
use crate::surface::tonic::metadata::{add_to, status_headers};
use crate::surface::tonic::timed_call::TimedCall;

/// The short way of a generated client's unary calls. It is open where the client's channel is a [`Channel`] itself,
/// nothing before it, and nothing is to be compressed; elsewhere the client's calls go tonic's way.
#[derive(Clone, Debug, Default)]
pub struct Short {
    channel: Option<Channel>,
    max_decoding: Option<usize>,
    max_encoding: Option<usize>,
}

impl Short {
    /// The short way over a channel, if there is one.
    pub fn over<T: 'static>(channel: &T) -> Short {
        let channel = (channel as &dyn Any).downcast_ref::<Channel>().cloned();
        Short { channel, ..Short::default() }
    }

    /// From now on no call goes this way.
    pub fn close(&mut self) {
        self.channel = None;
    }

    /// The limit that the client was given for what it receives.
    pub fn max_decoding_message_size(&mut self, limit: usize) {
        self.max_decoding = Some(limit);
    }

    /// The limit that the client was given for what it sends.
    pub fn max_encoding_message_size(&mut self, limit: usize) {
        self.max_encoding = Some(limit);
    }

    /// Whether calls go this way.
    pub fn is_open(&self) -> bool {
        self.channel.is_some()
    }

    /// One message there, one message back.
    ///
    /// # Errors
    /// The outcome of the call, where it is not OK.
    ///
    /// # Panics
    /// Where the way is not open.
    pub async fn unary<Q: Message, A: Message + Default>(
        &self,
        path: &'static str,
        request: tonic::Request<Q>,
    ) -> Result<tonic::Response<A>, tonic::Status> {
        let channel = self.channel.as_ref().expect("whoever calls has asked whether the way is open");
        let (metadata, extensions, message) = request.into_parts();
        let message = encoded(&message, self.max_encoding)?;
        let request = channel.request(path.into(), metadata.into_headers(), &extensions)?;
        let mut call = TimedCall::new(ClientCall::of_one(channel.handle(), request, message));
        let (mut headers, mut medium, mut answer) = (HeaderMap::new(), None, None);
        loop {
            match poll_fn(|cx| call.poll_answer(cx)).await {
                Some(client_call::Answer::Headers(block)) => {
                    add_to(&mut headers, &block);
                    medium = call.medium();
                }
                Some(client_call::Answer::Message(_)) if answer.is_some() => {
                    return Err(surplus("the server"));
                }
                Some(client_call::Answer::Message(message)) => {
                    answer = Some(decoded::<A>(message, self.max_decoding, "the server")?);
                }
                Some(client_call::Answer::Status(status)) => {
                    return response(medium, headers, answer, status);
                }
                None => return Err(missing("the server")),
            }
        }
    }
}

fn response<A>(
    medium: Option<Medium>,
    mut headers: HeaderMap,
    answer: Option<A>,
    status: connection::Status,
) -> Result<tonic::Response<A>, tonic::Status> {
    if status.code != samehost_transport_api::Code::Ok {
        let mut trailers = status_headers(status);
        trailers.extend(headers);
        return Err(tonic::Status::from_header_map(&trailers).expect("there is a status"));
    }
    add_to(&mut headers, status.trailers());
    let message = answer.ok_or_else(|| missing("the server"))?;
    let mut extensions = http::Extensions::new();
    if let Some(medium) = medium {
        extensions.insert(medium);
    }
    Ok(tonic::Response::from_parts(MetadataMap::from_headers(headers), message, extensions))
}
