//! Unary calls.

use std::sync::Arc;

use bytes::Bytes;
use samehost::Channel;
use tokio::task::JoinSet;
use tonic::Status;

use super::Checked;
use super::call::{Ended, control_service, request, test_service};
use super::session::Session;
use crate::blocks::{block, is_intact};
use crate::proto::testing::unimplemented_service_client::UnimplementedServiceClient;
use crate::proto::testing::{EchoStatus, Empty, Payload, SimpleRequest};
use crate::suite::{Mismatch, Step, unless};

/// `count` calls one after the other, `at_once` that are open together, or `threads` tasks that each make
/// `count` calls.
pub(super) async fn run(step: &Step, session: &Arc<Session>, channel: &Channel) -> Checked {
    let count = step.count.unwrap_or(1);
    let (tasks, each) = match (step.at_once, step.threads) {
        (Some(calls), _) => (calls, 1),
        (None, Some(threads)) => (threads, count),
        (None, None) => return series(step, session, channel, 0, count).await,
    };
    let mut all = JoinSet::new();
    for task in 0..tasks {
        let (step, session, channel) = (step.clone(), session.clone(), channel.clone());
        all.spawn(async move { series(&step, &session, &channel, task * each, each).await });
    }
    while let Some(done) = all.join_next().await {
        done??;
    }
    Ok(())
}

async fn series(step: &Step, session: &Session, channel: &Channel, first: u32, count: u32) -> Checked {
    for number in first..first + count {
        let ended = one(step, channel, number).await?;
        ended.check(step, session)?;
    }
    Ok(())
}

/// Makes one call, and checks its answer if there is one.
async fn one(step: &Step, channel: &Channel, number: u32) -> Result<Ended, Mismatch> {
    match step.method.as_deref().unwrap_or_default() {
        "EmptyCall" => {
            let answer = test_service(channel).empty_call(request(step, None, Empty {})?).await;
            checked(answer, |_| Ok(()))
        }
        "UnimplementedCall" => {
            let answer = test_service(channel).unimplemented_call(request(step, None, Empty {})?).await;
            checked(answer, |_| Ok(()))
        }
        "UnimplementedService" => {
            let mut client = UnimplementedServiceClient::new(channel.clone());
            checked(client.unimplemented_call(request(step, None, Empty {})?).await, |_| Ok(()))
        }
        "UnaryCall" => {
            let asked = SimpleRequest {
                response_size: i32::try_from(step.responses().first().copied().unwrap_or(0))?,
                payload: Some(payload(step.request(0))),
                response_status: status(step),
                ..SimpleRequest::default()
            };
            let expected = step.responses().first().copied().unwrap_or(0);
            checked(test_service(channel).unary_call(request(step, None, asked)?).await, |answer| {
                let size = answer.payload.as_ref().map_or(0, |payload| payload.body.len());
                unless(size == expected, || format!("expected an answer of {expected} bytes, but got {size}"))
            })
        }
        "Echo" => {
            let asked = block(number, step.request(0));
            checked(control_service(channel).echo(request(step, None, asked)?).await, |answer| {
                let right =
                    answer.seed == number && answer.body.len() == step.request(0) && is_intact(answer);
                unless(right, || {
                    format!("the answer to call {number} is that to another, or damaged: {}", answer.seed)
                })
            })
        }
        other => Err(Mismatch(format!("no such unary method: {other}"))),
    }
}

fn checked<T>(
    answer: Result<tonic::Response<T>, Status>,
    check: impl FnOnce(&T) -> Checked,
) -> Result<Ended, Mismatch> {
    match answer {
        Ok(answer) => {
            check(answer.get_ref())?;
            Ok(Ended::answered(&answer))
        }
        Err(status) => Ok(Ended::failed(status)),
    }
}

/// A payload of so many bytes.
pub(super) fn payload(size: usize) -> Payload {
    Payload { body: Bytes::from(vec![0; size]), ..Payload::default() }
}

/// The status that a step wants to have echoed.
pub(super) fn status(step: &Step) -> Option<EchoStatus> {
    step.status.as_ref().map(|status| EchoStatus { code: status.code, message: status.message.clone() })
}
