//! Hands requests on as calls of a channel.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::Service;
use samehost_transport_api::{Code, Fault};

use super::Transcoder;
use super::answer::{Answer, Kind, error, failure, message};
use super::body::{Unread, gather};
use super::pace::Pace;
use super::request::Asked;
use crate::call::client_call::{self, ClientCall};
use crate::call::connectivity::ConnectivityState;
use crate::call::outgoing::Request as Begin;
use crate::connection::Message;
use crate::surface::Status;
use crate::surface::gzip;
use crate::surface::tonic::{Channel, TimedCall};
use crate::wire::MetadataBlock;

/// How much of its own answers a server unpacks at least: as much as our wire takes unless a side says otherwise.
const ANSWERS: u32 = 64 << 20;

fn streams(path: &str) -> Status {
    let text = format!("{path} streams; over HTTP/1.1 there are unary methods alone. gRPC has all of them");
    Status::new(Code::Unimplemented, text)
}

/// Nothing came of a body for too long.
#[derive(Debug)]
pub(super) struct Late;

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing more came of a request's body")
    }
}

impl std::error::Error for Late {}

/// Answers the requests of one connection.
#[derive(Clone)]
pub(super) struct Gateway {
    pub(super) channel: Channel,
    pub(super) transcoder: Arc<dyn Transcoder>,
    /// The largest message that the server takes.
    pub(super) limit: u32,
    pub(super) address: Arc<str>,
    /// Whoever gives a name to this host's address leads there: no certificate says what names it has.
    pub(super) of_network: bool,
    pub(super) pace: Pace,
    /// Whether a body was left unread.
    pub(super) unread: Arc<AtomicBool>,
    /// See [`LastWords::making`](crate::bridges::LastWords::making).
    pub(super) making: Weak<()>,
}

impl Service<Request<Incoming>> for Gateway {
    type Response = Answer;
    type Error = Late;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Late>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.pace.begin();
        let gateway = self.clone();
        Box::pin(async move {
            let answer = gateway.answer(request).await;
            gateway.pace.end();
            answer
        })
    }
}

impl Gateway {
    async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Late> {
        let (head, body) = request.into_parts();
        let asked = match Asked::of(&head, self.of_network) {
            // Its body need not be sent.
            Err(answer) if head.headers.contains_key(header::EXPECT) => return Ok(*answer),
            asked => asked,
        };
        let body = match gather(body, self.limit).await {
            Ok(body) => body,
            Err(Unread::Late) => return Err(Late),
            Err(Unread::TooLarge(status)) => return Ok(self.last(error(&status))),
            Err(Unread::Broken(why)) => {
                let text = format!("malformed HTTP: {why}");
                let mut answer = error(&Status::new(Code::InvalidArgument, text));
                *answer.status_mut() = StatusCode::BAD_REQUEST;
                return Ok(self.last(answer));
            }
        };
        Ok(match asked {
            Err(answer) => *answer,
            Ok(_) if self.channel.state() != ConnectivityState::Ready => {
                error(&Fault::ServerShutdown.with(&[&self.address]).into())
            }
            Ok(asked) => self.call_with(asked, body).await.unwrap_or_else(|status| error(&status)),
        })
    }

    /// An answer behind which the connection is closed, though the client may still send.
    fn last(&self, mut answer: Answer) -> Answer {
        self.unread.store(true, Ordering::Relaxed);
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        answer
    }

    async fn call_with(&self, asked: Asked, mut body: Bytes) -> Result<Answer, Status> {
        let Asked { path, kind, metadata, deadline, gzip } = asked;
        if gzip && !body.is_empty() {
            body = gzip::decompressed(&body, self.limit, "server").map_err(|error| match error.fault() {
                // Over HTTP it is not the protocol that was broken.
                Fault::MessageUndecodable => Status::new(Code::InvalidArgument, error.to_string()),
                _ => error.into(),
            })?;
        }
        let of = path.clone();
        let bytes = self.convert(body.len(), move |transcoder| match (transcoder.is_unary(&of), kind) {
            (Some(false), _) => Err(streams(&of)),
            (_, Kind::Json) => transcoder.request(&of, &body),
            (_, Kind::Proto) => Ok(body),
        });
        let request = Message { bytes: bytes.await?, compressed: false };
        let begin = Begin { path: path.clone().into(), metadata, deadline, wait_for_ready: false };
        let mut call = TimedCall::new(ClientCall::of_one(self.channel.handle(), begin, request));
        let (mut before, mut response) = (MetadataBlock::new(), None);
        let status = loop {
            match poll_fn(|cx| call.poll_answer(cx)).await {
                Some(client_call::Answer::Headers(headers)) => before = headers,
                Some(client_call::Answer::Message(message)) => {
                    if response.replace(message).is_some() {
                        return Err(streams(&path));
                    }
                }
                Some(client_call::Answer::Status(status)) => break status,
                None => unreachable!("a status comes last"),
            }
        };
        if status.code != Code::Ok {
            return Ok(failure(&status.into(), &before));
        }
        let Some(response) = response else {
            return Err(Fault::MessageMissing.with(&[&"the server"]).into());
        };
        let (compressed, size) = (response.compressed, response.bytes.len());
        let answers = self.limit.max(ANSWERS);
        let bytes = match kind {
            Kind::Proto => response.bytes,
            Kind::Json => {
                let convert = move |transcoder: &dyn Transcoder| {
                    if !compressed {
                        return transcoder.response(&path, &response.bytes);
                    }
                    let bytes = gzip::decompressed(&response.bytes, answers, "server")?;
                    Ok(gzip::compressed(&transcoder.response(&path, &bytes)?))
                };
                self.convert(size, convert).await?
            }
        };
        Ok(message(kind, bytes, compressed, &before, status.trailers()))
    }

    /// Does what may take long by a thread of its own: this one serves all connections.
    async fn convert<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&dyn Transcoder) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        if bytes <= self.transcoder.quick_bytes() {
            return work(&*self.transcoder);
        }
        let _making = self.making.upgrade();
        let transcoder = self.transcoder.clone();
        let done = tokio::task::spawn_blocking(move || work(&*transcoder)).await;
        done.unwrap_or_else(|error| Err(Status::new(Code::Internal, format!("JSON: {error}"))))
    }
}
