//! The standard service of gRPC's interop tests.

use tonic::{Extensions, Request, Response, Status, Streaming};

use super::answers::{Answers, Sender, answers, asked_status, payload, send};
use super::compression::{self, Wanted};
use crate::compression::Seen;
use crate::proto::testing::test_service_server;
use crate::proto::testing::{
    Empty, SimpleRequest, SimpleResponse, StreamingInputCallRequest, StreamingInputCallResponse,
    StreamingOutputCallRequest,
};

/// The standard service of gRPC's interop tests.
pub(super) struct TestService;

#[tonic::async_trait]
impl test_service_server::TestService for TestService {
    type StreamingOutputCallStream = Answers;
    type FullDuplexCallStream = Answers;
    type HalfDuplexCallStream = Answers;

    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let (_, extensions, request) = request.into_parts();
        compression::check(request.expect_compressed, seen(&extensions).first())?;
        if let Some(status) = asked_status(request.response_status) {
            return Err(status);
        }
        let wanted = request.response_compressed.is_some_and(|wanted| wanted.value);
        let answer = Response::new(SimpleResponse { payload: Some(payload(request.response_size)) });
        Ok(compressed(answer, &extensions, [wanted]))
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Answers>, Status> {
        let (_, extensions, request) = request.into_parts();
        if let Some(status) = asked_status(request.response_status) {
            return Err(status);
        }
        let asked = request.response_parameters;
        let wanted: Vec<_> =
            asked.iter().map(|one| one.compressed.is_some_and(|wanted| wanted.value)).collect();
        let (sender, answers) = answers();
        tokio::spawn(async move { send(&sender, &asked).await });
        Ok(compressed(Response::new(answers), &extensions, wanted))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let (_, extensions, mut requests) = request.into_parts();
        let mut bytes = 0;
        let mut number = 0;
        while let Some(request) = requests.message().await? {
            compression::check(request.expect_compressed, seen(&extensions).get(number))?;
            number += 1;
            bytes += request.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size =
            i32::try_from(bytes).map_err(|_| Status::out_of_range("more bytes than the answer can say"))?;
        Ok(Response::new(StreamingInputCallResponse { aggregated_payload_size }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let (sender, answers) = answers();
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            while let Some(request) = next(&mut requests, &sender).await {
                if let Some(status) = asked_status(request.response_status) {
                    // Whether it is taken or not, there is nothing more to do.
                    let _ = sender.send(Err(status)).await;
                    return;
                }
                if send(&sender, &request.response_parameters).await.is_err() {
                    return;
                }
            }
        });
        Ok(compressed(Response::new(answers), &Extensions::new(), []))
    }

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let (sender, answers) = answers();
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            let mut asked = Vec::new();
            while let Some(request) = next(&mut requests, &sender).await {
                asked.extend(request.response_parameters);
            }
            send(&sender, &asked).await
        });
        Ok(compressed(Response::new(answers), &Extensions::new(), []))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("Method not found: grpc.testing.TestService/UnimplementedCall"))
    }
}

/// How the messages of a request came: whether each was compressed.
fn seen(extensions: &Extensions) -> Vec<bool> {
    extensions.get::<Seen>().map(Seen::all).unwrap_or_default()
}

/// An answer of which these messages are compressed, where the client takes it.
fn compressed<T>(
    mut answer: Response<T>,
    extensions: &Extensions,
    messages: impl IntoIterator<Item = bool>,
) -> Response<T> {
    if !extensions.get::<Wanted>().is_some_and(|wanted| wanted.add(messages)) {
        answer.disable_compression();
    }
    answer
}

/// The next request; `None` at the end, and when nobody takes answers any more.
async fn next(
    requests: &mut Streaming<StreamingOutputCallRequest>,
    sender: &Sender,
) -> Option<StreamingOutputCallRequest> {
    let request = tokio::select! {
        request = requests.message() => request,
        () = sender.closed() => return None,
    };
    match request {
        Ok(request) => request,
        Err(status) => {
            // The call has failed: its caller knows already, but a stream must not end as if all were well.
            let _ = sender.send(Err(status)).await;
            None
        }
    }
}
