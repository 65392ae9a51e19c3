//! Calls whose messages are compressed one by one.

use std::pin::Pin;
use std::task::{Context, Poll};

use samehost::blocking::{CallOptions, Response as Answered};
use samehost::{Channel, ResponseBody};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::{Code, Status};
use tower_service::Service;

use super::Checked;
use super::call::{Ended, PATIENCE, request};
use super::session::{Session, unreadable};
use super::streams::asking;
use super::unary::payload;
use crate::compression::{Seen, Watched};
use crate::proto::testing::test_service_client::TestServiceClient;
use crate::proto::testing::{
    BoolValue, SimpleRequest, SimpleResponse, StreamingInputCallRequest, StreamingInputCallResponse,
};
use crate::secret;
use crate::suite::{Mismatch, Step, unless};

/// Each of `requests` is sent as `compressed` says, and says of itself what `says_compressed` does; each of
/// `responses` is asked for, and must come, as `wants_compressed` says.
pub(super) async fn run(step: &Step, session: &Session, channel: &Channel) -> Checked {
    match step.method.as_deref().unwrap_or_default() {
        "UnaryCall" => {
            unary(step, session, channel).await?;
            by_a_thread(step, session, unary_by_a_thread).await
        }
        "StreamingInputCall" => by_a_thread(step, session, client_stream_by_a_thread).await,
        "StreamingOutputCall" => server_stream(step, session, channel).await,
        other => Err(Mismatch(format!("no such method of compressed calls: {other}"))),
    }
}

/// The channel, with a note of how the messages of its answers come.
#[derive(Clone)]
struct Watching(Channel, Seen);

impl Service<http::Request<tonic::body::Body>> for Watching {
    type Response = http::Response<Watched<ResponseBody>>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Service::<http::Request<tonic::body::Body>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let (answering, seen) = (self.0.call(request), self.1.clone());
        Box::pin(async move { Ok(answering.await?.map(|body| Watched::new(body, seen))) })
    }
}

/// A stub by tonic that compresses its message, or does not, and how its answers come.
fn stub(step: &Step, channel: &Channel) -> (TestServiceClient<Watching>, Seen) {
    let seen = Seen::default();
    let client = TestServiceClient::new(Watching(channel.clone(), seen.clone())).accept_compressed(Gzip);
    match step.compressed.first() {
        Some(true) => (client.send_compressed(Gzip), seen),
        _ => (client, seen),
    }
}

fn said(step: &Step, at: usize) -> Option<BoolValue> {
    step.says_compressed.get(at).map(|&value| BoolValue { value })
}

fn simple_request(step: &Step) -> Result<SimpleRequest, Mismatch> {
    Ok(SimpleRequest {
        response_size: i32::try_from(step.responses().first().copied().unwrap_or(0))?,
        payload: Some(payload(step.request(0))),
        expect_compressed: said(step, 0),
        response_compressed: step.wants_compressed.first().map(|&value| BoolValue { value }),
        ..SimpleRequest::default()
    })
}

fn check_size(answer: &SimpleResponse, step: &Step) -> Checked {
    let size = answer.payload.as_ref().map_or(0, |payload| payload.body.len());
    unless([size] == *step.responses(), || format!("expected {:?} bytes, but got {size}", step.responses()))
}

async fn unary(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let (mut client, seen) = stub(step, channel);
    match client.unary_call(request(step, None, simple_request(step)?)?).await {
        Ok(answer) => {
            check_size(answer.get_ref(), step)?;
            check_seen(&seen, step)?;
            Ended::answered(&answer).check(step, session)
        }
        Err(status) => Ended::failed(status).check(step, session),
    }
}

async fn server_stream(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let (mut client, seen) = stub(step, channel);
    let mut asked = asking(step.responses())?;
    for (one, &value) in asked.response_parameters.iter_mut().zip(&step.wants_compressed) {
        one.compressed = Some(BoolValue { value });
    }
    let (headers, mut answers, _) =
        client.streaming_output_call(request(step, None, asked)?).await?.into_parts();
    let mut sizes = Vec::new();
    while let Some(answer) = answers.message().await? {
        sizes.push(answer.payload.map_or(0, |payload| payload.body.len()));
    }
    unless(sizes == step.responses(), || {
        format!("expected {:?} bytes, but got {sizes:?}", step.responses())
    })?;
    check_seen(&seen, step)?;
    Ended::of_stream(headers, &mut answers).await?.check(step, session)
}

/// Whether the answers came as they were asked for; where nothing was asked for, as they like.
fn check_seen(seen: &Seen, step: &Step) -> Checked {
    let (seen, wanted) = (seen.all(), &step.wants_compressed);
    unless(wanted.is_empty() || seen == *wanted, || {
        format!("expected answers compressed as {wanted:?}, but got them as {seen:?}")
    })
}

/// What a call of a thread's comes to: its status, which is OK for a right answer.
type ByThread = fn(&Step, &samehost::blocking::Channel, &CallOptions) -> Result<Checked, samehost::Status>;

/// The same by the blocking channel, on a connection of its own.
async fn by_a_thread(step: &Step, session: &Session, call: ByThread) -> Checked {
    let (address, made) = (session.address.clone(), step.clone());
    let done = tokio::task::spawn_blocking(move || {
        let mut builder = samehost::blocking::Channel::builder(&*address);
        if let Some(tls) = secret::of_client(&address).map_err(unreadable)? {
            builder = builder.tls(tls);
        }
        let channel = builder.build()?;
        let mut options = CallOptions::new().timeout(PATIENCE).accept_compressed();
        if made.compressed.contains(&true) {
            options = options.send_compressed();
        }
        call(&made, &channel, &options)
    });
    let status = match done.await? {
        Ok(checked) => {
            checked?;
            Status::new(Code::Ok, "")
        }
        Err(status) => status.into(),
    };
    Ended::failed(status).check(step, session)
}

fn unary_by_a_thread(
    step: &Step,
    channel: &samehost::blocking::Channel,
    options: &CallOptions,
) -> Result<Checked, samehost::Status> {
    let request = match simple_request(step) {
        Ok(request) => request,
        Err(why) => return Ok(Err(why)),
    };
    let mut call = channel.call("grpc.testing.TestService/UnaryCall", options);
    call.compress(step.compressed.first() == Some(&true));
    // Where it is over already, that is the outcome.
    let _ = call.send_last(&request);
    let answer: Answered<SimpleResponse> = call.finish()?;
    Ok(check_size(&answer.message, step))
}

fn client_stream_by_a_thread(
    step: &Step,
    channel: &samehost::blocking::Channel,
    options: &CallOptions,
) -> Result<Checked, samehost::Status> {
    let mut call = channel.call("grpc.testing.TestService/StreamingInputCall", options);
    for (at, &size) in step.requests.iter().enumerate() {
        call.compress(step.compressed.get(at) == Some(&true));
        let message =
            StreamingInputCallRequest { payload: Some(payload(size)), expect_compressed: said(step, at) };
        if call.send(&message).is_err() {
            break;
        }
    }
    let answer: Answered<StreamingInputCallResponse> = call.finish()?;
    let (sum, got) = (step.requests.iter().sum::<usize>(), answer.message.aggregated_payload_size);
    Ok(unless(usize::try_from(got) == Ok(sum), || format!("expected the sum {sum}, but got {got}")))
}
