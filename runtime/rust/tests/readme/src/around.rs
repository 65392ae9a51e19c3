//! What the pieces take for granted: the stubs of the contract, services by them, and values.

pub use std::error::Error;

pub use samehost::{Channel, Server, blocking};
pub use tokio_stream::Stream;
pub use tonic::service::LayerExt;
pub use tonic::{Request, Response, Status, Streaming};
pub use tower::ServiceBuilder;

mod stubs {
    tonic::include_proto!("readme");
}

pub use stubs::greeter_blocking_client::GreeterBlockingClient;
pub use stubs::greeter_client::GreeterClient;
pub use stubs::greeter_server::{Greeter, GreeterServer};
pub use stubs::listener_client::ListenerClient;
pub use stubs::listener_server::{Listener, ListenerServer};
pub use stubs::{Change, Heard, HelloReply, HelloRequest};

/// What a piece may use as if it had been made before.
pub struct Given {
    pub ada: HelloRequest,
    pub address: &'static str,
    pub authority: &'static [u8],
    pub chain: &'static [u8],
    pub key: &'static [u8],
    pub own_chain: &'static [u8],
    pub own_key: &'static [u8],
    pub server: Server,
}

pub struct SubscribeRequest {}

pub struct SubscribeReply {}

type Replies = std::pin::Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

pub struct MyGreeter;

#[tonic::async_trait]
impl Greeter for MyGreeter {
    async fn hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        unimplemented!()
    }

    type HelloAgainStream = Replies;

    async fn hello_again(&self, _: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
        unimplemented!()
    }

    async fn hello_all(&self, _: Request<Streaming<HelloRequest>>) -> Result<Response<HelloReply>, Status> {
        unimplemented!()
    }

    type HelloEachStream = Replies;

    async fn hello_each(&self, _: Request<Streaming<HelloRequest>>) -> Result<Response<Replies>, Status> {
        unimplemented!()
    }
}

pub struct MyListener;

#[tonic::async_trait]
impl Listener for MyListener {
    async fn changed(&self, _: Request<Change>) -> Result<Response<Heard>, Status> {
        unimplemented!()
    }
}
