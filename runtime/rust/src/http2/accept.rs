//! A client that speaks HTTP/2: its requests go on as calls of a channel to the server.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use samehost_transport_api::{Fault, Link, LinkError};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_service::Service as _;

use super::authority::Authority;
use super::messages::Messages;
use super::{HEADERS, MEDIUM, Tasks, WINDOW};
use crate::bridges::{self, Inside, LastWords, LinkIo, before};
use crate::call::bridge::Open;
use crate::call::connectivity::ConnectivityState;
use crate::call::server::HELLO_TIMEOUT;
use crate::surface::Status;
use crate::surface::tonic::{Channel, ResponseBody};
use crate::wire::Limits;

/// See [`Accept::accept`](crate::call::bridge::Accept::accept).
pub(super) fn accept(
    link: Arc<dyn Link>,
    server: Limits,
    open: Box<dyn Open>,
) -> Result<Arc<dyn Link>, LinkError> {
    bridges::accept(link, MEDIUM, "HTTP/2", move |link, far| serve(link, far, server, open))
}

/// Serves a client until it has gone, or the server, at the other end of the pair.
async fn serve(
    link: Arc<dyn Link>,
    far: Arc<dyn Link>,
    server: Limits,
    open: Box<dyn Open>,
) -> Result<(), String> {
    let peer = link.peer().clone();
    let (_closer, closing) = oneshot::channel();
    let mut authority = Authority::new();
    let (greet, greeted) = oneshot::channel::<()>();
    let mut greet = Some(greet);
    let listening = Box::new(move |bytes: &mut [u8]| {
        authority.pass(bytes);
        // It is dropped, which is a word of its own.
        greet.take_if(|_| authority.has_begun());
    });
    let io = LinkIo::over(link, listening, closing).map_err(|error| error.to_string())?;
    let last_words = LastWords::of(&io, open);
    let inside = Inside::over(far, &peer);
    let channel = inside.channel().clone();
    let gateway =
        Gateway { channel: channel.clone(), limit: server.max_message_bytes, address: peer.address };
    let connection = Builder::new(Tasks)
        .max_concurrent_streams(server.max_streams)
        .max_header_list_size(HEADERS)
        .initial_stream_window_size(server.initial_credit)
        .initial_connection_window_size(WINDOW)
        .serve_connection(io, gateway);
    let wanted = wanted(greeted, channel);
    bridges::serve(inside, connection, |connection| connection.graceful_shutdown(), wanted, &last_words).await
}

/// Lasts while the server takes calls, and the client makes some, or may still begin to.
async fn wanted(greeted: oneshot::Receiver<()>, channel: Channel) -> Result<(), String> {
    let mut draining = pin!(Inside::draining(channel));
    match before(pin!(timeout(HELLO_TIMEOUT, greeted)), draining.as_mut()).await {
        Ok(Ok(_)) => draining.await,
        Ok(Err(_late)) => return Err(format!("no SETTINGS came within {} s", HELLO_TIMEOUT.as_secs())),
        Err(()) => {}
    }
    Ok(())
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

/// Hands requests on.
struct Gateway {
    channel: Channel,
    /// The largest message that the server takes.
    limit: u32,
    address: Arc<str>,
}

impl hyper::service::Service<Request<Incoming>> for Gateway {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let mut channel = self.channel.clone();
        if request.method() != Method::POST {
            let mut response = refused(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            return answer(response);
        }
        if !is_grpc(request.headers()) {
            return answer(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        if channel.state() != ConnectivityState::Ready {
            let status = Status::from(Fault::ServerShutdown.with(&[&self.address]));
            return answer(tonic::Status::from(status).into_http());
        }
        let address = self.address.clone();
        let request = request.map(|body| Messages::of(body, self.limit, "server", address));
        Box::pin(async move {
            Ok(match channel.call(request).await {
                Ok(response) => response,
                Err(status) => status.into_http(),
            })
        })
    }
}

/// The answer to what is no request of gRPC's.
fn refused(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::default());
    *response.status_mut() = status;
    response
}

fn answer(response: Response<ResponseBody>) -> Answering {
    Box::pin(std::future::ready(Ok(response)))
}

/// Whether the body of a request or of a response is gRPC's.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&[][..], |value| value.as_bytes());
    matches!(kind.strip_prefix(b"application/grpc"), Some([] | [b'+' | b';', ..]))
}
