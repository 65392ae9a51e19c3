//! Calls to addresses behind which something is wrong.

use std::fs;

use tonic::{Code, Request, Status};

use super::Checked;
use super::call::{PATIENCE, test_service};
use super::descriptors;
use super::killed::await_death;
use super::session::{Session, open};
use super::started::Started;
use crate::proto::testing::Empty;
use crate::suite::{Step, shown};

/// A call to an `address` behind which something is wrong: nothing, a `peer` that misbehaves, or a child that
/// does. It must end as expected, and leave neither a process nor a descriptor behind.
pub(super) async fn run(step: &Step, session: &Session) -> Checked {
    let (socket, pid_file) = (session.folder().join("peer"), session.folder().join("pid"));
    let ended = call_with_peer(step, session, &socket.to_string_lossy()).await;
    let pid = fs::read_to_string(&pid_file).ok();
    for file in [socket, pid_file] {
        // What is not there needs not be removed.
        let _ = fs::remove_file(file);
    }
    ended?;
    match pid {
        Some(pid) => await_death(pid.parse()?).await,
        None => Ok(()),
    }
}

async fn call_with_peer(step: &Step, session: &Session, socket: &str) -> Checked {
    let script = session.suite.path("peers/peer.py").to_string_lossy().into_owned();
    let address = session.address_of(step);
    let mut listener = None;
    if let Some(behaviour) = &step.peer {
        let mut started = Started::start("python3".as_ref(), &[&script, behaviour, "--socket", socket])?;
        started.line("READY").await?;
        listener = Some(started);
    }
    let descriptors = descriptors::count();
    let status = call(step, &address).await;
    descriptors::await_at_most(descriptors).await?;
    if let Some(mut listener) = listener {
        listener.kill().await?;
    }
    session.say(shown(&status));
    step.expect.check(&status)?;
    step.expect.check_fault(&status, "*", &address, &session.catalogue)
}

/// Makes one call on a channel of its own.
async fn call(step: &Step, address: &str) -> Status {
    let channel = match open(address, step.channel.as_ref()) {
        Ok(channel) => channel,
        Err(status) => return status.into(),
    };
    let mut request = Request::new(Empty {});
    request.set_timeout(PATIENCE);
    let answer = test_service(&channel).empty_call(request).await;
    channel.shutdown();
    match answer {
        Ok(_) => Status::new(Code::Ok, ""),
        Err(status) => status,
    }
}
