//! Asks a server what it knows of other calls, and shows that it is healthy.

use std::time::Duration;

use samehost::Channel;
use tonic::Request;

use super::Checked;
use super::call::{control_service, test_service};
use crate::blocks::{block, is_intact};
use crate::proto::control::how_ended_response::State;
use crate::proto::control::{DescribeRequest, Description, HowEndedRequest, ReleaseRequest};
use crate::proto::testing::Empty;
use crate::suite::{Mismatch, shown, unless};

const WAIT: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn describe(channel: &Channel) -> Result<Description, Mismatch> {
    Ok(control_service(channel).describe(patient(DescribeRequest {})).await?.into_inner())
}

pub(super) async fn release(channel: &Channel, key: &str) -> Checked {
    control_service(channel).release(patient(ReleaseRequest { key: key.to_owned() })).await?;
    Ok(())
}

/// Waits until the server has the call.
pub(super) async fn await_open(channel: &Channel, key: &str) -> Checked {
    let state = how_ended(channel, key, false).await?;
    unless(state == State::Open, || {
        format!("expected the call to be open, but it is {}", state.as_str_name())
    })
}

/// Waits until the call is over for the server, which must call that so.
pub(super) async fn await_end(channel: &Channel, key: &str, expected: &str) -> Checked {
    let state = how_ended(channel, key, true).await?.as_str_name();
    unless(state == expected, || {
        format!("expected the call to be {expected} for the server, but it is {state}")
    })
}

async fn how_ended(channel: &Channel, key: &str, over: bool) -> Result<State, Mismatch> {
    let wait_millis = u32::try_from(WAIT.as_millis())?;
    let asked = HowEndedRequest { key: key.to_owned(), over, wait_millis };
    Ok(control_service(channel).how_ended(patient(asked)).await?.into_inner().state())
}

/// Makes so many calls, whose answers must be right.
pub(super) async fn echo(channel: &Channel, calls: u32, size: usize) -> Checked {
    for number in 0..calls {
        let answer = control_service(channel).echo(patient(block(number, size))).await?.into_inner();
        let right = answer.seed == number && answer.body.len() == size && is_intact(&answer);
        unless(right, || "a call beside it got a wrong answer".to_owned())?;
    }
    Ok(())
}

/// Shows that the channel carries a call.
pub(super) async fn check_health(channel: &Channel) -> Checked {
    match test_service(channel).empty_call(patient(Empty {})).await {
        Ok(_) => Ok(()),
        Err(status) => Err(Mismatch(format!("afterwards a call fails: {}", shown(&status)))),
    }
}

fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}
