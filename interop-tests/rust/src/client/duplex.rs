//! Streams of both directions, one message at a time.

use samehost::Channel;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming};

use super::Checked;
use super::call::{Ended, request, test_service};
use super::session::Session;
use super::streams::asking;
use super::unary::{payload, status};
use crate::proto::testing::{StreamingOutputCallRequest, StreamingOutputCallResponse};
use crate::suite::{Mismatch, Step, shown, unless};

/// Each of `requests` asks for the one of `responses` at its place, and waits for it.
pub(super) async fn run(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let (sender, requests) = mpsc::channel(1);
    let asked: Request<ReceiverStream<_>> = request(step, None, ReceiverStream::new(requests))?;
    // tonic waits for the headers, which a server may send with its first answer: so something must be asked before.
    let mut sender = Some(sender);
    if step.requests.is_empty() {
        sender = sender.filter(|_| step.half_close == Some(false));
    } else {
        send(&sender, message(step, 0)?).await?;
    }
    if step.requests.len() <= 1 && step.responses().is_empty() {
        sender = sender.filter(|_| step.half_close == Some(false));
    }
    let ended = match test_service(channel).full_duplex_call(asked).await {
        Err(status) => Ended::failed(status),
        Ok(answer) => {
            let (headers, mut answers, _) = answer.into_parts();
            for at in 0..step.requests.len() {
                if at > 0 {
                    send(&sender, message(step, at)?).await?;
                }
                if let Some(expected) = step.responses().get(at) {
                    check(*expected, next(&mut answers).await?)?;
                }
            }
            sender = sender.filter(|_| step.half_close == Some(false));
            match answers.message().await {
                Ok(None) => Ended::of_stream(headers, &mut answers).await?,
                Ok(Some(_)) => return Err(Mismatch("a message that nobody asked for".to_owned())),
                Err(status) => Ended::failed(status),
            }
        }
    };
    drop(sender);
    ended.check(step, session)
}

/// The request at this place.
pub(super) fn message(step: &Step, at: usize) -> Result<StreamingOutputCallRequest, Mismatch> {
    let sizes: Vec<usize> = step.responses().get(at).copied().into_iter().collect();
    let mut message = asking(&sizes)?;
    message.payload = Some(payload(step.request(at)));
    message.response_status = status(step);
    Ok(message)
}

async fn send(
    sender: &Option<mpsc::Sender<StreamingOutputCallRequest>>,
    message: StreamingOutputCallRequest,
) -> Checked {
    // A call that has ended takes no more: how it has ended is seen where it is read.
    if let Some(sender) = sender {
        let _ = sender.send(message).await;
    }
    Ok(())
}

/// The next message, which must come.
pub(super) async fn next(
    answers: &mut Streaming<StreamingOutputCallResponse>,
) -> Result<StreamingOutputCallResponse, Mismatch> {
    match answers.message().await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Mismatch("expected a message, but got the end".to_owned())),
        Err(status) => Err(Mismatch(format!("expected a message, but got {}", shown(&status)))),
    }
}

fn check(expected: usize, answer: StreamingOutputCallResponse) -> Checked {
    let size = answer.payload.map_or(0, |payload| payload.body.len());
    unless(size == expected, || format!("expected {expected} bytes, but got {size}"))
}
