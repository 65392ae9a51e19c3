//! What the server knows of a call: its deadline, and who makes it.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use samehost::Channel;
use tonic::Request;

use super::Checked;
use super::call::{control_service, request};
use super::control::describe;
use super::session::Session;
use crate::proto::control::DescribeRequest;
use crate::suite::{Mismatch, Step, unless};

/// How much of a deadline may be gone by then on a busy machine.
const SLACK: Duration = Duration::from_secs(20);

/// The server's handler must see what is left of `deadline_ms`, or no deadline.
pub(super) async fn deadline(step: &Step, channel: &Channel) -> Checked {
    let expected = step.deadline_ms.map(Duration::from_millis);
    let asked = match expected {
        Some(_) => request(step, None, DescribeRequest {})?,
        None => Request::new(DescribeRequest {}),
    };
    let described = control_service(channel).describe(asked).await?.into_inner();
    let seen = described.deadline_nanos.map(Duration::from_nanos);
    let right = match (expected, seen) {
        (Some(expected), Some(seen)) => seen <= expected && seen + SLACK > expected,
        (expected, seen) => expected.is_none() && seen.is_none(),
    };
    unless(right, || format!("of the deadline {expected:?} the handler saw {seen:?}"))
}

/// The server must see this process and its user, as far as `sees` says of the transport.
pub(super) async fn peer(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let described = describe(channel).await?;
    for what in step.sees.get(session.transport()).into_iter().flatten() {
        let right = match &**what {
            "pid" => described.peer_pid == Some(std::process::id()),
            "uid" => described.peer_uid == Some(session.folder().metadata()?.uid()),
            other => return Err(Mismatch(format!("no such thing to see: {other}"))),
        };
        unless(right, || format!("expected our {what}, but the server saw {described:?}"))?;
    }
    let scheme = format!("{}:", session.transport());
    unless(described.peer_address.starts_with(&scheme), || {
        format!("the server saw the address {}", described.peer_address)
    })
}
