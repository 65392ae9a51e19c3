//! What the tests share: servers of ours and of tonic, and clients of both, on sockets of either kind.

use std::path::PathBuf;

use samehost::{Channel, Server, ServerBuilder};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::{Endpoint, Server as Http2Server};

use crate::common::Obedient;

/// Kinds of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Unix,
    Tcp,
}

pub const BOTH: [Over; 2] = [Over::Unix, Over::Tcp];

/// An address of ours that is free.
pub struct Place {
    pub address: String,
    _folder: TempDir,
}

impl Place {
    pub fn new(over: Over) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let address = match over {
            Over::Unix => format!("unix:{}", folder.path().join("s").display()),
            Over::Tcp => "tcp:127.0.0.1:0".to_owned(),
        };
        Place { address, _folder: folder }
    }
}

/// A server of ours.
pub struct Ours {
    pub server: Server,
    pub service: Obedient,
    _place: Place,
}

impl Ours {
    pub fn serve(over: Over) -> Ours {
        Ours::configured(over, |builder| builder)
    }

    pub fn configured(over: Over, configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Ours {
        let (place, service) = (Place::new(over), Obedient::default());
        let echo = EchoServer::new(service.clone()).max_decoding_message_size(64 << 20);
        let echo = echo.accept_compressed(Gzip).send_compressed(Gzip);
        let builder = Server::builder().max_inbound_message_size(64 << 20).add_service(echo);
        let server = configure(builder).bind(&place.address).unwrap();
        Ours { server, service, _place: place }
    }

    /// The path of its socket.
    pub fn path(&self) -> PathBuf {
        self.server.address().strip_prefix("unix:").unwrap().into()
    }

    /// What a stock client connects to.
    pub fn endpoint(&self) -> Endpoint {
        let address = self.server.address();
        let uri = match address.strip_prefix("tcp:") {
            Some(place) => format!("http://{place}"),
            None => address.to_owned(),
        };
        Endpoint::from_shared(uri).unwrap()
    }

    /// A stock client, with a connection of its own.
    pub fn client(&self) -> EchoClient<tonic::transport::Channel> {
        EchoClient::new(self.endpoint().connect_lazy()).max_decoding_message_size(64 << 20)
    }
}

/// A server of tonic's, in this very runtime; it ends when this is dropped.
pub struct Stock {
    pub address: String,
    pub service: Obedient,
    pub task: JoinHandle<()>,
    pub stop: Option<oneshot::Sender<()>>,
    _place: Place,
}

impl Stock {
    pub async fn serve(over: Over) -> Stock {
        Stock::configured(over, |server| server).await
    }

    pub async fn configured(over: Over, configure: impl FnOnce(Http2Server) -> Http2Server) -> Stock {
        let (place, service) = (Place::new(over), Obedient::default());
        let echo = EchoServer::new(service.clone()).max_decoding_message_size(64 << 20);
        let echo = echo.accept_compressed(Gzip).send_compressed(Gzip);
        let router = configure(Http2Server::builder()).add_service(echo);
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let (address, task) = match place.address.strip_prefix("unix:") {
            Some(path) => {
                let incoming = UnixListenerStream::new(UnixListener::bind(path).unwrap());
                let serving = router.serve_with_incoming_shutdown(incoming, stopped);
                (place.address.clone(), tokio::spawn(async move { serving.await.unwrap() }))
            }
            None => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = format!("tcp:{}", listener.local_addr().unwrap());
                let serving = router.serve_with_incoming_shutdown(TcpListenerStream::new(listener), stopped);
                (address, tokio::spawn(async move { serving.await.unwrap() }))
            }
        };
        Stock { address, service, task, stop: Some(stop), _place: place }
    }

    pub fn channel(&self) -> Channel {
        Channel::for_address(&self.address).unwrap()
    }

    pub fn client(&self) -> EchoClient<Channel> {
        EchoClient::new(self.channel()).max_decoding_message_size(64 << 20)
    }
}

impl Drop for Stock {
    fn drop(&mut self) {
        self.task.abort();
    }
}
