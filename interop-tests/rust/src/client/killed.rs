//! Processes that are killed in mid-call, on either side.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use samehost::{Channel, WaitForReady};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status};

use super::Checked;
use super::call::{control_service, request, test_service};
use super::control::{await_end, await_open, describe};
use super::duplex::next;
use super::session::{Session, open};
use super::started::{Started, await_sleep, kill, runs};
use super::streams::asking;
use crate::proto::control::{DescribeRequest, HoldRequest};
use crate::suite::{Mismatch, Step, unless};

const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// A server of its own is killed while a unary call and a stream are open: both must fail. So many messages as the step
/// has `responses` are unread then, and must come before.
pub(super) async fn server_killed(step: &Step, session: &Session) -> Checked {
    let victim = session.victim(&session.name("victim"));
    let _server = victim.start().await?;
    let channel = open(&victim.address, None)?;
    let pid = describe(&channel).await?.pid;
    let key = session.name("killed");
    let mut control = control_service(&channel);
    let held = request(step, Some(&key), HoldRequest {})?;
    let held = tokio::spawn(async move { control.hold(held).await });
    let (sender, requests) = mpsc::channel(1);
    sender.send(asking(&[&[10], step.responses()].concat())?).await?;
    let stream = request(step, None, ReceiverStream::new(requests))?;
    let mut answers = test_service(&channel).full_duplex_call(stream).await?.into_inner();
    next(&mut answers).await?;
    await_open(&channel, &key).await?;
    if !step.responses().is_empty() {
        describe(&channel).await?; // which the server hears after the stream's request
        await_sleep(pid).await?;
    }
    kill(pid)?;
    let held = held.await?.map(|_| ()).expect_err_or("the call that was held got an answer")?;
    let mut unread = Vec::new();
    let stream = loop {
        match answers.message().await {
            Ok(Some(answer)) => unread.push(answer.payload.map_or(0, |payload| payload.body.len())),
            Ok(None) => return Err(Mismatch("the stream ended well".to_owned())),
            Err(status) => break status,
        }
    };
    unless(unread == step.responses(), || {
        format!("expected the messages {:?}, but got {unread:?}", step.responses())
    })?;
    channel.shutdown_now();
    for status in [held, stream] {
        step.expect.check(&status)?;
        step.expect.check_fault(&status, session.transport(), &victim.address, &session.catalogue)?;
    }
    Ok(())
}

trait ExpectErrOr {
    fn expect_err_or(self, otherwise: &str) -> Result<Status, Mismatch>;
}

impl<T> ExpectErrOr for Result<T, Status> {
    fn expect_err_or(self, otherwise: &str) -> Result<Status, Mismatch> {
        self.err().ok_or_else(|| Mismatch(otherwise.to_owned()))
    }
}

/// A server of its own is killed and another one takes its place: a call that waits reaches it. A call that was
/// made before this side could know of the death may fail by it: one, no more.
pub(super) async fn server_back(session: &Session) -> Checked {
    let victim = session.victim(&session.name("victim"));
    let _server = victim.start().await?;
    let channel = open(&victim.address, None)?;
    let first = describe(&channel).await?.pid;
    kill(first)?;
    await_death(first).await?; // until then the address is its own
    let _next = victim.start().await?;
    let second = match describe_patiently(&channel).await {
        Err(status) if status.code() == Code::Unavailable => describe_patiently(&channel).await?,
        answer => answer?,
    };
    channel.shutdown_now();
    unless(first != second, || "the server that was killed still answers".to_owned())
}

async fn describe_patiently(channel: &Channel) -> Result<u32, Status> {
    let mut asked = Request::new(DescribeRequest {});
    asked.set_timeout(Duration::from_secs(30));
    asked.extensions_mut().insert(WaitForReady(true));
    Ok(control_service(channel).describe(asked).await?.into_inner().pid)
}

/// Another client program is killed while a call of it is open. Its server must see the call cancelled
/// and serve the next client; a server that was that client's child, as the one at an address of the step's own
/// must be, must end.
pub(super) async fn client_killed(step: &Step, session: &Session, channel: Option<&Channel>) -> Checked {
    let key = session.name("client");
    let address = session.address_of(step);
    let words = ["rust", "--address", &address, "--server", &session.server_language, "--hold", &key];
    let mut client = Started::start(&session.suite.path("client"), &words)?;
    let server_pid: u32 = client.line("HOLDING").await?.parse()?;
    client.kill().await?;
    match channel {
        Some(channel) if !session.spawns() => await_end(channel, &key, "CANCELLED").await,
        _ => await_death(server_pid).await,
    }
}

/// Looks again and again, as a process that is not our child cannot be waited for.
pub(super) async fn await_death(pid: u32) -> Checked {
    let end = Instant::now() + PATIENCE;
    while runs(pid)? {
        if Instant::now() > end {
            kill(pid)?;
            return Err(Mismatch(format!("the process {pid} still ran, and had to be killed")));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// What a client program does that another one is going to kill: it opens a call with a key, says so on
/// standard output, and waits.
pub(super) async fn hold(session: &Session, key: &str) -> Checked {
    let channel = session.channel()?;
    let mut request = Request::new(HoldRequest {});
    request.metadata_mut().insert(crate::TEST_KEY, key.parse()?);
    let mut control = control_service(&channel);
    let held = tokio::spawn(async move { control.hold(request).await });
    await_open(&channel, key).await?;
    let pid = describe(&channel).await?.pid;
    writeln!(io::stdout(), "HOLDING {pid}")?;
    io::stdout().flush()?;
    held.await??;
    Ok(())
}
