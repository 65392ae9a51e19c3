//! Streams of one direction.

use samehost::Channel;

use super::Checked;
use super::call::{Ended, request, test_service};
use super::session::Session;
use super::unary::payload;
use crate::proto::testing::{ResponseParameters, StreamingInputCallRequest, StreamingOutputCallRequest};
use crate::suite::{Mismatch, Step, unless};

/// Messages of the sizes `requests`; the answer must be their sum.
pub(super) async fn client_stream(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let messages: Vec<_> = step
        .requests
        .iter()
        .map(|size| StreamingInputCallRequest { payload: Some(payload(*size)), ..Default::default() })
        .collect();
    let sum: usize = step.requests.iter().sum();
    let asked = request(step, None, tokio_stream::iter(messages))?;
    match test_service(channel).streaming_input_call(asked).await {
        Ok(answer) => {
            let got = answer.get_ref().aggregated_payload_size;
            unless(usize::try_from(got) == Ok(sum), || format!("expected the sum {sum}, but got {got}"))?;
            Ended::answered(&answer).check(step, session)
        }
        Err(status) => Ended::failed(status).check(step, session),
    }
}

/// A request that asks for messages of these sizes.
pub(super) fn asking(sizes: &[usize]) -> Result<StreamingOutputCallRequest, Mismatch> {
    let mut asked = StreamingOutputCallRequest::default();
    for size in sizes {
        asked
            .response_parameters
            .push(ResponseParameters { size: i32::try_from(*size)?, ..Default::default() });
    }
    Ok(asked)
}

/// Messages of the sizes `responses` are asked for and must come.
pub(super) async fn server_stream(step: &Step, session: &Session, channel: &Channel) -> Checked {
    let asked = request(step, None, asking(step.responses())?)?;
    let mut sizes = Vec::new();
    let ended = match test_service(channel).streaming_output_call(asked).await {
        Err(status) => Ended::failed(status),
        Ok(answer) => {
            let (headers, mut answers, _) = answer.into_parts();
            loop {
                match answers.message().await {
                    Ok(Some(answer)) => sizes.push(answer.payload.map_or(0, |payload| payload.body.len())),
                    Ok(None) => break Ended::of_stream(headers, &mut answers).await?,
                    Err(status) => break Ended::failed(status),
                }
            }
        }
    };
    ended.check(step, session)?;
    // What came before a failure must be right all the same.
    let whole = ended.status.code() == tonic::Code::Ok;
    let expected = step.responses();
    let right = if whole { sizes == expected } else { expected.starts_with(&sizes) };
    unless(right, || format!("expected {expected:?} bytes, but got {sizes:?}"))
}
