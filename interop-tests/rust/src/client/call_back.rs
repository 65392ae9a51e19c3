//! A call whose handler calls back.

use samehost::ChannelBuilder;
use tonic::{Code, Response, Status};

use super::call::{Ended, control_service, request};
use super::session::{Session, builder, open};
use super::{Checked, control};
use crate::proto::control::call_back_request::Method;
use crate::proto::control::{CallBackRequest, CallBackResponse};
use crate::server::TestServices;
use crate::suite::{Mismatch, Step, code_name, unless};

/// One call on a channel of its own, which offers what the server programs serve: once by a task, and once by a thread
/// that waits and reads.
pub(super) async fn run(step: &Step, session: &Session) -> Checked {
    for by_threads in [false, true] {
        let channel = match step.offers {
            Some(false) => open(&session.address, step.channel.as_ref())?,
            _ => offering(builder(&session.address)?, by_threads).build()?,
        };
        let mut stub = control_service(&channel);
        let asked = request(step, None, asked(step)?)?;
        let answered = match by_threads {
            false => stub.call_back(asked).await,
            true => tokio::task::spawn_blocking(move || samehost::block_on(stub.call_back(asked))).await?,
        };
        check(step, session, answered)?;
        control::check_health(&channel).await?;
        channel.shutdown();
    }
    Ok(())
}

fn offering(builder: ChannelBuilder, by_threads: bool) -> ChannelBuilder {
    let builder = TestServices::new().offered_by(builder);
    if by_threads { builder.read_by_threads() } else { builder }
}

fn asked(step: &Step) -> Result<CallBackRequest, Mismatch> {
    let method = match step.method.as_deref().unwrap_or_default() {
        "UnaryCall" => Method::UnaryCall,
        "FullDuplexCall" => Method::FullDuplexCall,
        "Hold" => Method::Hold,
        other => return Err(Mismatch(format!("no such method to call back: {other}"))),
    };
    Ok(CallBackRequest {
        method: method.into(),
        count: step.count.unwrap_or(0),
        at_once: step.at_once.unwrap_or(0),
        request_bytes: u32::try_from(step.request(0))?,
        response_bytes: u32::try_from(response_bytes(step))?,
        deadline_millis: step.back_deadline_ms.unwrap_or(0),
        depth: step.depth.unwrap_or(0),
    })
}

fn response_bytes(step: &Step) -> usize {
    step.responses().first().copied().unwrap_or(0)
}

/// Checks what the handler tells of its calls back.
fn check(step: &Step, session: &Session, answered: Result<Response<CallBackResponse>, Status>) -> Checked {
    let answer = match answered {
        Ok(answer) => answer,
        Err(status) => return Ended::failed(status).check(step, session),
    };
    Ended::answered(&answer).check(step, session)?;
    let told = answer.get_ref();
    let expected = step.back_code.as_deref().unwrap_or("OK");
    let code = code_name(Code::from(i32::try_from(told.code)?));
    unless(code == expected && step.back_text.as_ref().is_none_or(|text| *text == told.text), || {
        format!("expected calls back that end with {expected}, but the handler says {code} \"{}\"", told.text)
    })?;
    let count = if expected == "OK" { step.count.unwrap_or(0) } else { 0 };
    let bytes = u64::from(count) * u64::try_from(response_bytes(step))?;
    unless((told.responses, told.response_bytes) == (count, bytes), || {
        format!("expected {count} answers of {bytes} bytes in all, but the handler says {told:?}")
    })
}
