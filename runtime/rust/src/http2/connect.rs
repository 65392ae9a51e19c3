//! A server that speaks HTTP/2: the calls of a channel go on as requests to it.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::Reason;
use http::uri::{Authority, Scheme};
use http::{Request, Response, StatusCode, Uri};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use samehost_transport_api::{Fault, Link, LinkError, end_of};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_service::Service;

use super::accept::is_grpc;
use super::frames::{self, Frames};
use super::messages::{Messages, unanswered};
use super::{HEADERS, MEDIUM, Tasks, WINDOW};
use crate::bridges::{LAST_WORDS, LinkIo, Listening, before, pair, run, settings};
use crate::call::server::Serve;
use crate::call::session::Session;
use crate::call::task::TaskDriver;
use crate::connection::Side;
use crate::surface::tonic::{Services, begin};
use crate::wire::Limits;

/// How often it is looked whether a connection is still wanted, while the server has said nothing.
const LOOK: Duration = Duration::from_millis(50);

/// See [`Connect::connect`](crate::call::bridge::Connect::connect).
pub(super) fn connect(
    link: Arc<dyn Link>,
    client: Limits,
    patience: Duration,
    wanted: &dyn Fn() -> bool,
) -> Result<Arc<dyn Link>, LinkError> {
    let peer = link.peer().clone();
    let [near, far] = pair(&peer, MEDIUM)?;
    let (settled, settings) = mpsc::channel();
    run(&peer, relay(link, far, client, settled))?;
    let end = end_of(patience);
    let why = loop {
        let left = end.saturating_duration_since(Instant::now());
        match settings.recv_timeout(left.min(LOOK)) {
            Ok(()) => return Ok(near),
            Err(RecvTimeoutError::Disconnected) => break "the server has ended the connection".to_owned(),
            Err(_) if !wanted() => return Err(Fault::ChannelShutdown.with(&[&peer.address])),
            Err(_) if left.is_zero() => {
                break format!("no SETTINGS came within {} s", patience.as_secs_f64());
            }
            Err(_) => {}
        }
    };
    Err(Fault::ConnectFailed.with(&[&peer.address, &"HTTP/2", &why]))
}

/// Hands calls on until the server has gone, or the channel, at the other end of the pair.
async fn relay(link: Arc<dyn Link>, far: Arc<dyn Link>, client: Limits, settled: Sender<()>) {
    let peer = link.peer().clone();
    let (closer, closing) = oneshot::channel();
    let (listening, going, mut gone) = listening(settled);
    let Ok(io) = LinkIo::over(link, listening, closing) else { return };
    let mut builder = Builder::new(Tasks);
    builder.max_header_list_size(HEADERS);
    builder.initial_stream_window_size(client.initial_credit).initial_connection_window_size(WINDOW);
    let Ok((requests, connection)) = builder.handshake(io).await else { return };
    let connection = tokio::spawn(connection);
    let services =
        Services::all(Server { requests, limit: client.max_message_bytes, address: peer.address.clone() });
    let driver = TaskDriver::serving(Some(by_tasks(Arc::new(services))));
    let (own, quiet) = (Box::new(driver.clone()), Box::new(|_: &Arc<Session>, _| {}));
    let session = Session::new(Side::Acceptor, settings(&peer), peer, "".into(), own, quiet);
    let mut driving = pin!(tokio::spawn(driver.drive(session.clone(), far)));
    if before(driving.as_mut(), pin!(going)).await.is_err() {
        session.go_away("the server takes no more calls");
        if before(driving.as_mut(), Pin::new(&mut gone)).await.is_err() {
            // Open calls end by themselves, each when what has come of it is read.
            let _ = driving.await;
        }
    }
    // Hyper says goodbye once nobody can make requests any more; a server that does not read that goes without.
    drop(session);
    if !gone.is_terminated() {
        let _ = timeout(LAST_WORDS, gone).await;
    }
    drop(closer);
    connection.abort();
}

/// What is heard of the server: its SETTINGS go to `settled`. Further on that it goes away, or has gone; and that all is
/// over with the connection.
fn listening(settled: Sender<()>) -> (Listening, oneshot::Receiver<()>, oneshot::Receiver<()>) {
    let (go, going) = oneshot::channel();
    // It is dropped with whoever listens.
    let (over, gone) = oneshot::channel();
    let (mut frames, mut settled, mut go) =
        (Frames::<{ frames::HEAD_BYTES }>::default(), Some(settled), Some(go));
    let listening = move |bytes: &mut [u8]| {
        let _ = &over;
        let Ok(()) = frames.receive(bytes, |head| {
            let (kind, length) = frames::head(head);
            match kind {
                // Whoever has waited may wait no more.
                frames::SETTINGS => drop(settled.take().map(|settled| settled.send(()))),
                frames::GOAWAY => drop(go.take()),
                _ => {}
            }
            Ok::<_, Infallible>(length)
        });
    };
    (Box::new(listening), going, gone)
}

/// Serves each call by a task of the bridge's.
fn by_tasks(services: Arc<Services>) -> Serve {
    Arc::new(move |calls| {
        for call in calls {
            let services = services.clone();
            tokio::spawn(async move { begin(&services, call) });
        }
    })
}

/// Hands on calls of any method.
#[derive(Clone)]
struct Server {
    requests: SendRequest<Sent>,
    /// The largest message that the client takes.
    limit: u32,
    address: Arc<str>,
}

impl Service<Request<tonic::body::Body>> for Server {
    type Response = Response<Messages>;
    type Error = tonic::Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Messages>, tonic::Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), tonic::Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let (head, body) = request.into_parts();
        let mut request = Request::new(Sent(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = at_localhost(head.uri);
        *request.headers_mut() = head.headers;
        let (answer, limit, address) =
            (self.requests.send_request(request), self.limit, self.address.clone());
        Box::pin(async move {
            let response = answer.await.map_err(|error| unanswered(&error, &address))?;
            checked(&response, &address)?;
            let (head, body) = response.into_parts();
            let messages = Messages::of(body, limit, "client", address).behind(&head.headers);
            Ok(Response::from_parts(head, messages))
        })
    }
}

/// A path as a whole address: gRPC's authority of a local server is `localhost`.
fn at_localhost(path: Uri) -> Uri {
    let mut parts = path.into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(Authority::from_static("localhost"));
    Uri::from_parts(parts).expect("it has all parts")
}

/// A response that is no gRPC's is an error, by gRPC's rule.
fn checked(response: &Response<Incoming>, address: &str) -> Result<(), tonic::Status> {
    let status = response.status();
    if status == StatusCode::OK && is_grpc(response.headers()) {
        return Ok(());
    }
    let code = match status.as_u16() {
        400 | 431 => tonic::Code::Internal,
        401 => tonic::Code::Unauthenticated,
        403 => tonic::Code::PermissionDenied,
        404 => tonic::Code::Unimplemented,
        429 | 502 | 503 | 504 => tonic::Code::Unavailable,
        _ => tonic::Code::Unknown,
    };
    Err(tonic::Status::new(
        code,
        format!("{address}: the server's answer is not gRPC's: HTTP status {status}"),
    ))
}

/// The body of a request. Where it breaks off its call is over, and so is the stream.
struct Sent(tonic::body::Body);

impl Body for Sent {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(|_| Reason::CANCEL.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}
