//! Calls that are given up.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use samehost::Channel;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::Checked;
use super::call::{Ended, control_service, request, test_service};
use super::control::{await_end, await_open};
use super::duplex::{message, next};
use super::session::Session;
use crate::proto::control::HoldRequest;
use crate::proto::testing::StreamingInputCallRequest;
use crate::suite::{Mismatch, Step, shown};

/// A call that is cancelled after the first of `responses`, or else once as soon as it has begun and
/// once when the server has it. In Rust a call is cancelled by dropping it; the server must see that.
pub(super) async fn cancel(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let key = session.name("cancel");
    if step.responses.is_some() {
        let (sender, requests) = mpsc::channel(1);
        let asked = request(step, Some(&key), ReceiverStream::new(requests))?;
        sender.send(message(step, 0)?).await?;
        let mut answers = test_service(channel).full_duplex_call(asked).await?.into_inner();
        next(&mut answers).await?;
        await_open(channel, &key).await?;
        drop(answers);
        return await_end(channel, &key, "CANCELLED").await;
    }
    begin(step, channel, None, async { Ok(()) }).await?;
    begin(step, channel, Some(&key), await_open(channel, &key)).await?;
    await_end(channel, &key, "CANCELLED").await
}

/// Begins the call that the step names, and drops it when `until` is done.
async fn begin(
    step: &Step,
    channel: &Channel,
    key: Option<&str>,
    until: impl Future<Output = Checked>,
) -> Checked {
    match step.method.as_deref().unwrap_or_default() {
        "StreamingInputCall" => {
            let (_sender, requests) = mpsc::channel::<StreamingInputCallRequest>(1);
            let asked = request(step, key, ReceiverStream::new(requests))?;
            let mut client = test_service(channel);
            let call = client.streaming_input_call(asked);
            drop_when(call, until).await
        }
        "Hold" => {
            let asked = request(step, key, HoldRequest {})?;
            let mut client = control_service(channel);
            drop_when(client.hold(asked), until).await
        }
        other => Err(Mismatch(format!("no method to cancel: {other}"))),
    }
}

/// Polls a call at least once, which must not end before `until` does.
async fn drop_when<T>(
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    until: impl Future<Output = Checked>,
) -> Checked {
    let mut call = pin!(call);
    let mut until = pin!(until);
    std::future::poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(Ok(_)) => {
            Poll::Ready(Err(Mismatch("a call that was to be cancelled got an answer".to_owned())))
        }
        Poll::Ready(Err(status)) => {
            Poll::Ready(Err(Mismatch(format!("the call failed: {}", shown(&status)))))
        }
        Poll::Pending => until.as_mut().poll(cx),
    })
    .await
}

/// A call that the server does not answer; `ended` is what the server must say of it.
pub(super) async fn hold(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let key = session.name("hold");
    let ended = match control_service(channel).hold(request(step, Some(&key), HoldRequest {})?).await {
        Ok(answer) => Ended::answered(&answer),
        Err(status) => Ended::failed(status),
    };
    ended.check(step, session)?;
    await_end(channel, &key, step.expect.ended.as_deref().unwrap_or("CANCELLED")).await
}
