//! Streams that nobody reads, for a while.

use std::time::Duration;

use samehost::Channel;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio_stream::wrappers::ReceiverStream;

use super::Checked;
use super::call::{Ended, control_service, request, test_service};
use super::control::{echo, release};
use super::session::Session;
use super::streams::asking;
use crate::blocks::block;
use crate::proto::control::Block;
use crate::suite::{Mismatch, Step, unless};

/// A stream that takes no message for so long is taken to be stalled. Were it not, less would be shown,
/// but nothing would fail.
const STALLED: Duration = Duration::from_millis(300);

/// A stream of `bytes` that its receiving `side` does not read, while `count` calls of `requests`
/// bytes go on beside it; then it is read, and must be whole.
pub(super) async fn run(step: &Step, session: &Session, channel: &Channel) -> Checked {
    match step.side.as_deref() {
        Some("client") => by_client(step, session, channel).await,
        _ => by_server(step, session, channel).await,
    }
}

async fn by_client(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let messages = step.bytes / step.message_bytes;
    let asked = request(step, None, asking(&vec![step.message_bytes; messages])?)?;
    let (headers, mut answers, _) = test_service(channel).streaming_output_call(asked).await?.into_parts();
    echo(channel, step.count.unwrap_or(1), step.request(0)).await?;
    let mut got = 0;
    while let Some(answer) = answers.message().await? {
        let size = answer.payload.map_or(0, |payload| payload.body.len());
        unless(size == step.message_bytes, || {
            format!("expected {} bytes, but got {size}", step.message_bytes)
        })?;
        got += 1;
    }
    unless(got == messages, || format!("expected {messages} messages, but got {got}"))?;
    Ended::of_stream(headers, &mut answers).await?.check(step, session)
}

async fn by_server(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let key = session.name("unread");
    let (sender, requests) = mpsc::channel(1);
    let asked = request(step, Some(&key), ReceiverStream::new(requests))?;
    let mut client = control_service(channel);
    let beside = async {
        let (written, stalled) = write_until_stalled(step, &sender).await?;
        echo(channel, step.count.unwrap_or(1), step.request(0)).await?;
        release(channel, &key).await?;
        sender.send(stalled).await?;
        let written = write_rest(step, written + 1, &sender).await?;
        drop(sender);
        Ok::<u32, Mismatch>(written)
    };
    let (answer, written) = tokio::join!(client.unread(asked), beside);
    let (answer, written) = (answer?, written?);
    let got = answer.get_ref();
    unless(got.messages == written && got.bytes == step.bytes as u64, || {
        format!("expected {} bytes to arrive, but the server got {got:?}", step.bytes)
    })?;
    Ended::answered(&answer).check(step, session)
}

/// How many blocks were taken, and the one that was not.
async fn write_until_stalled(step: &Step, sender: &mpsc::Sender<Block>) -> Result<(u32, Block), Mismatch> {
    for number in 0.. {
        let Some(next) = nth(step, number) else { break };
        match sender.send_timeout(next, STALLED).await {
            Ok(()) => {}
            Err(SendTimeoutError::Timeout(block)) => return Ok((number, block)),
            Err(SendTimeoutError::Closed(_)) => return Err(Mismatch("the stream has ended".to_owned())),
        }
    }
    Err(Mismatch("the stream took all that nobody read".to_owned()))
}

/// How many blocks there were in all.
async fn write_rest(step: &Step, from: u32, sender: &mpsc::Sender<Block>) -> Result<u32, Mismatch> {
    let mut number = from;
    while let Some(next) = nth(step, number) {
        sender.send(next).await?;
        number += 1;
    }
    Ok(number)
}

fn nth(step: &Step, number: u32) -> Option<Block> {
    let left = step.bytes.checked_sub(number as usize * step.message_bytes)?;
    (left > 0).then(|| block(number, left.min(step.message_bytes)))
}
