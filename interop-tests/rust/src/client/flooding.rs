//! Both sides write at once.

use samehost::Channel;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Checked;
use super::call::{Ended, control_service, request};
use super::session::Session;
use crate::blocks::{block, is_intact};
use crate::proto::control::{FloodRequest, FloodResponse};
use crate::suite::{Mismatch, Step, unless};

/// Both sides write on one stream as fast as it takes them, and read beside it.
pub(super) async fn run(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let (sender, requests) = mpsc::channel(1);
    let asked = request(step, None, ReceiverStream::new(requests))?;
    let mut client = control_service(channel);
    let (written, ended) = tokio::join!(write(step, sender), async {
        let (headers, mut answers, _) = client.flood(asked).await?.into_parts();
        let mut last = FloodResponse::default();
        let mut bytes = 0;
        while let Some(answer) = answers.message().await? {
            if let Some(block) = &answer.block {
                bytes += block.body.len();
                unless(is_intact(block), || "a block has wrong bytes".to_owned())?;
            }
            last = answer;
        }
        unless(bytes == step.response_bytes, || {
            format!("expected {} bytes, but got {bytes}", step.response_bytes)
        })?;
        unless(last.intact && last.read_bytes == step.request_bytes as u64, || {
            format!("expected that {} bytes arrive whole, but the server says {last:?}", step.request_bytes)
        })?;
        Ended::of_stream(headers, &mut answers).await
    });
    written?;
    ended?.check(step, session)
}

async fn write(step: &Step, sender: mpsc::Sender<FloodRequest>) -> Result<(), Mismatch> {
    let mut left = step.request_bytes;
    for seed in 0.. {
        let mut request = FloodRequest::default();
        if seed == 0 {
            request.response_bytes = step.response_bytes as u64;
            request.message_bytes = u32::try_from(step.message_bytes)?;
        }
        let size = left.min(step.message_bytes);
        request.block = Some(block(seed, size));
        sender.send(request).await?;
        left -= size;
        if left == 0 {
            break;
        }
    }
    Ok(())
}
