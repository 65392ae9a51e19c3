//! Calls between processes of one host: Protocol Buffers services over a child's standard input and
//! output, a Unix socket, shared memory, a FIFO or TCP, with gRPC's semantics and without HTTP. Stock
//! stubs of tonic run unchanged; an address is all that differs.
//!
//! ```
//! use samehost::{Channel, Server};
//! use samehost_test_stubs::{Ask, Answer, echo_client::EchoClient, echo_server::EchoServer};
//! # use samehost_test_stubs::echo_server::Echo;
//! # use tonic::{Request, Response, Status, Streaming};
//! # #[derive(Default)] struct MyEcho;
//! # type Answers = std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<Answer, Status>> + Send>>;
//! # #[tonic::async_trait]
//! # impl Echo for MyEcho {
//! #     async fn say(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
//! #         Ok(Response::new(Answer { data: request.into_inner().data, count: 1 }))
//! #     }
//! #     async fn collect(&self, _: Request<Streaming<Ask>>) -> Result<Response<Answer>, Status> { Err(Status::aborted("")) }
//! #     type RepeatStream = Answers;
//! #     async fn repeat(&self, _: Request<Ask>) -> Result<Response<Answers>, Status> { Err(Status::aborted("")) }
//! #     type ChatStream = Answers;
//! #     async fn chat(&self, _: Request<Streaming<Ask>>) -> Result<Response<Answers>, Status> { Err(Status::aborted("")) }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("app.sock");
//! # let address = &*format!("unix:{}", path.display()); // unix:/run/app.sock
//! let server = Server::builder().add_service(EchoServer::new(MyEcho::default())).bind(address)?;
//!
//! let mut client = EchoClient::new(Channel::for_address(address)?);
//! let answer = client.say(Ask { data: b"hello".to_vec(), order: None }).await?;
//! assert_eq!(answer.into_inner().data, b"hello");
//!
//! server.shutdown();
//! # drop(client);
//! # server.terminated().await?;
//! # Ok(()) }
//! ```
//!
//! | address | reaches |
//! |---|---|
//! | `unix:/run/app.sock`, `unix-abstract:NAME` | the server that listens on this socket |
//! | `shm:/run/app.sock` | the same, over shared memory where both sides can |
//! | `stdio:worker --fast` | a child that is started, and lives as long as the channel; it serves `stdio:` |
//! | `fifo:/run/app/calls` | the server that is found at this FIFO |
//! | `tcp:127.0.0.1:4000` | the server that listens on this port; with port 0, `Server::address` has the one that it got |
//!
//! `Channel` and `Server` run in a tokio runtime, except where `block_on` is told to do without; `blocking` needs none and is
//! there without the feature `tonic` as well. Messages are compressed, by gzip, where tonic's stubs are told to (`send_compressed`,
//! `accept_compressed`; its feature `gzip`), and so are the calls of threads. Interceptors are tonic's; `tonic-health`
//! and `tonic-reflection` are served as any other service.
//!
//! # Calling back
//!
//! A handler calls its caller over the connection by which it was called: `samehost::caller` of its request is a
//! `Channel` to it. What a client offers to whoever it connects to it adds to its channel, as to a server.
//!
//! ```no_run
//! # use samehost::{Channel, Server};
//! # use samehost_test_stubs::{Answer, Ask, echo_client::EchoClient, echo_server::{Echo, EchoServer}};
//! # use tonic::{Request, Response, Status};
//! # async fn client(my_echo: impl Echo) -> Result<(), Box<dyn std::error::Error>> {
//! let channel = Channel::builder("unix:/run/app.sock").add_service(EchoServer::new(my_echo)).build()?;
//! # Ok(()) }
//!
//! # trait Handler {
//! async fn say(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
//!     let caller = samehost::caller(&request).ok_or_else(|| Status::failed_precondition("who calls?"))?;
//!     EchoClient::new(caller).say(Ask::default()).await
//! }
//! # }
//! ```
//!
//! # gRPC over HTTP/2
//!
//! With the feature `http2`, which is on by default, stock clients of gRPC call a `Server` at its address, and a
//! `Channel` calls stock servers. One thread is there for all such connections of a process, while there are any.
//!
//! # JSON over HTTP/1.1
//!
//! With the feature `json`, which is off by default, curl and Connect's clients call unary methods of a server that has the
//! descriptors of its services, as reflection wants them: `Server::builder().json(FILE_DESCRIPTOR_SET)`. `raw`'s server takes
//! [whatever knows the messages](raw::ServerBuilder), with the feature `http1` alone.
//!
//! # TLS
//!
//! With the feature `tls`, which is off by default, a `tcp:` address is spoken to by TLS where a channel or a server has
//! credentials: `ClientTls`, `ServerTls`. HTTP/2 and JSON come and go by it as well.
//!
//! # Tracing
//!
//! Every call is a span of `tracing` on each side, of level INFO and target `samehost`: `rpc.client`, a child of
//! the span in which the call was made, and `rpc.server`, in which interceptors and the handler run. Their fields are
//! those of [OpenTelemetry's conventions](https://opentelemetry.io/docs/specs/semconv/rpc/grpc/), and
//! `tracing-opentelemetry` takes them as they are:
//!
//! | field | value |
//! |---|---|
//! | `rpc.system.name` | `grpc` |
//! | `rpc.method`, `otel.name` | `package.Service/Method` |
//! | `otel.kind` | `client`, `server` |
//! | `server.address` | the address, such as `unix:/run/app.sock` |
//! | `rpc.response.status_code` | the outcome, such as `OK`, `NOT_FOUND` |
//! | `error.type`, `otel.status_code`, `otel.status_description` | where the outcome is an error for this side: the code, `ERROR`, the text |
//! | `samehost.peer.pid`, `samehost.peer.uid` | on the server, who calls, where the transport can tell |
//!
//! A span ends with its call. Nothing is made where nobody listens. To join the traces of two processes, hand the
//! caller's context on in the metadata by an interceptor, and take it up in one of the server:
//! `Span::current().set_parent(..)` there is about `rpc.server`.
//!
//! What goes over the wire stands in `PROTOCOL.md`; the layers are `surface` (what is public), `call` (sessions, channels,
//! servers, and who moves their bytes), `connection` (a connection and its streams), `wire` (frames), and below them the
//! transports' interface, [`transport`].

#[cfg(feature = "http2")]
mod bridges;
mod buffers;
#[allow(dead_code)] // the whole protocol is here, and not every part has a user yet
mod call;
#[allow(dead_code)] // as above
mod connection;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "http1")]
mod json;
mod surface;
#[cfg(test)]
mod vectors;
#[allow(dead_code)] // as above
mod wire;

pub use call::connectivity::ConnectivityState;
pub use samehost_transport_api as transport;
pub use samehost_transport_api::{Code, Options, Peer, PeerCertificates, Registry};
pub use samehost_transport_fifo::{FifoOptions, FifoTransport};
pub use samehost_transport_shm::{SharedMemory, ShmOptions, ShmTransport};
pub use samehost_transport_stdio::{StderrLines, StdioOptions, StdioTransport, take_standard_streams};
#[cfg(feature = "tls")]
pub use samehost_transport_tcp::{ClientTls, ServerTls};
pub use samehost_transport_tcp::{TcpOptions, TcpTransport};
pub use samehost_transport_unix::{UnixOptions, UnixTransport};
#[cfg(feature = "blocking")]
pub use surface::blocking;
#[cfg(feature = "tonic")]
#[doc(hidden)]
pub use surface::tonic::codegen;
#[cfg(feature = "tonic")]
pub use surface::tonic::{
    Channel, ChannelBuilder, Medium, ResponseBody, ResponseFuture, Server, ServerBuilder, WaitForReady,
    block_on, caller,
};
pub use surface::{Metadata, StateWatch, Status, raw};
