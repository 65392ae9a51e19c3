//! The messages that a call is answered with.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::proto::testing::{EchoStatus, Payload, ResponseParameters, StreamingOutputCallResponse};

pub(super) type Answers = ReceiverStream<Result<StreamingOutputCallResponse, Status>>;
pub(super) type Sender = mpsc::Sender<Result<StreamingOutputCallResponse, Status>>;

/// The call was cancelled: nobody takes its answers any more.
pub(super) struct Gone;

/// Answers that come as fast as the call takes them: one waits, at most.
pub(super) fn answers() -> (Sender, Answers) {
    let (sender, answers) = mpsc::channel(1);
    (sender, ReceiverStream::new(answers))
}

/// Sends what one request asks for.
pub(super) async fn send(to: &Sender, asked: &[ResponseParameters]) -> Result<(), Gone> {
    for one in asked {
        if let Ok(micros @ 1..) = u64::try_from(one.interval_us) {
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
        let answer = StreamingOutputCallResponse { payload: Some(payload(one.size)) };
        to.send(Ok(answer)).await.map_err(|_| Gone)?;
    }
    Ok(())
}

/// A payload of so many bytes.
pub(super) fn payload(size: i32) -> Payload {
    let size = usize::try_from(size).unwrap_or(0);
    Payload { body: Bytes::from(vec![0; size]), ..Payload::default() }
}

/// The status that a client asks for, if it asks for one.
pub(super) fn asked_status(status: Option<EchoStatus>) -> Option<Status> {
    let status = status.filter(|status| status.code != 0)?;
    Some(Status::new(status.code.into(), status.message))
}
