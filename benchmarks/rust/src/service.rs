//! The service that is called, by the trait that tonic and we generate alike, as a user would write it.

use std::pin::Pin;

use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::proto::echo_server::{Echo, EchoServer};
use crate::proto::{Payload, Wanted};
use crate::stock::echo_server as stock;

pub struct EchoService;

/// The service, for messages of any size, by our generated code.
pub fn service() -> EchoServer<EchoService> {
    EchoServer::new(EchoService).max_decoding_message_size(usize::MAX)
}

/// The same by tonic's.
pub fn stock_service() -> stock::EchoServer<EchoService> {
    stock::EchoServer::new(EchoService).max_decoding_message_size(usize::MAX)
}

#[tonic::async_trait]
impl Echo for EchoService {
    async fn unary(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    type StreamStream = Pin<Box<dyn Stream<Item = Result<Payload, Status>> + Send>>;

    async fn stream(&self, request: Request<Wanted>) -> Result<Response<Self::StreamStream>, Status> {
        let wanted = request.into_inner();
        let size = usize::try_from(wanted.size).map_err(|_| Status::invalid_argument("a negative size"))?;
        let pattern = vec![1; size];
        let messages = (0..wanted.messages).map(move |_| Ok(Payload { body: pattern.clone() }));
        Ok(Response::new(Box::pin(tokio_stream::iter(messages))))
    }
}

#[tonic::async_trait]
impl stock::Echo for EchoService {
    async fn unary(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Echo::unary(self, request).await
    }

    type StreamStream = <EchoService as Echo>::StreamStream;

    async fn stream(&self, request: Request<Wanted>) -> Result<Response<Self::StreamStream>, Status> {
        Echo::stream(self, request).await
    }
}
