//! Runs cases one after the other.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::session::{Session, open};
use super::{
    Checked, call_back, cancel, compressed, control, duplex, faulty, flooding, killed, streams, told, unary,
    unread,
};
use crate::suite::{Case, Gap, Mismatch, Step};

const LIMIT: Duration = Duration::from_secs(90);

/// Runs cases one after the other, each within a limit of time, and prints a line for each.
pub(super) struct Runner {
    session: Arc<Session>,
    gaps: Vec<Gap>,
    passed: u32,
    failed: u32,
    missing: u32,
}

impl Runner {
    pub(super) fn new(session: Session) -> Result<Runner, String> {
        let gaps = session.suite.gaps()?;
        Ok(Runner { session: Arc::new(session), gaps, passed: 0, failed: 0, missing: 0 })
    }

    /// Runs one case and prints how it went.
    pub(super) async fn run(&mut self, case: &Case) {
        if let Some(need) = case.needs.iter().find(|need| !self.session.has(need)) {
            print(&format!("skipped {}: it needs {need}", case.name));
            return;
        }
        let begin = Instant::now();
        let session = self.session.clone();
        let steps = case.clone();
        // A task of its own: a panic fails its case alone.
        let task =
            tokio::spawn(async move { tokio::time::timeout(LIMIT, run_steps(&steps, &session)).await });
        let failure = match task.await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(why))) => Some(why.to_string()),
            Ok(Err(_)) => Some(format!("not done within {} s", LIMIT.as_secs())),
            Err(panic) => Some(panic.to_string()),
        };
        let millis = begin.elapsed().as_millis();
        let (language, transport) = (&*self.session.server_language, self.session.transport());
        let gap = self.gaps.iter().find(|gap| gap.covers(&case.name, "rust", language, transport));
        let name = &case.name;
        match (failure, gap) {
            (Some(_), Some(gap)) => {
                self.missing += 1;
                print(&format!("gap {name}: {}", gap.why));
            }
            (None, Some(_)) => {
                self.failed += 1;
                print(&format!("FAILED {name}: it is listed as a gap, but works; take it off gaps.json"));
            }
            (Some(why), None) => {
                self.failed += 1;
                print(&format!("FAILED {name}: {why}"));
                self.session.discard_channel();
            }
            (None, None) => {
                self.passed += 1;
                print(&format!("ok {name} {millis} ms"));
            }
        }
        for text in self.session.take_said() {
            print(&format!("    {text}"));
        }
    }

    /// Says how many passed; the answer is whether all did.
    pub(super) fn finish(self) -> bool {
        self.session.discard_channel();
        print(&format!("{} passed, {} failed, {} gaps", self.passed, self.failed, self.missing));
        self.failed == 0
    }
}

fn print(line: &str) {
    let line = line.replace('\r', "\\r").replace('\n', "\\n");
    let mut out = io::stdout();
    // Without a stdout there is nobody to tell, and the exit status still says it.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

async fn run_steps(case: &Case, session: &Arc<Session>) -> Checked {
    if case.steps.iter().all(|step| step.address.is_some()) {
        for step in &case.steps {
            match &*step.kind {
                "client_killed" => killed::client_killed(step, session, None).await?,
                _ => faulty::run(step, session).await?,
            }
        }
        return Ok(()); // it does not concern the server of the session
    }
    for step in &case.steps {
        let Some(limits) = &step.channel else {
            run_step(step, session, &session.channel()?).await?;
            continue;
        };
        let own = open(&session.address, Some(limits))?;
        run_step(step, session, &own).await?;
        control::check_health(&own).await?;
        own.shutdown();
    }
    control::check_health(&session.channel()?).await
}

/// The kinds of steps, by the names that the suites use.
async fn run_step(step: &Step, session: &Arc<Session>, channel: &samehost::Channel) -> Checked {
    match &*step.kind {
        "unary" => unary::run(step, session, channel).await,
        "client_stream" => streams::client_stream(step, session, channel).await,
        "server_stream" => streams::server_stream(step, session, channel).await,
        "compressed" => compressed::run(step, session, channel).await,
        "duplex" => duplex::run(step, session, channel).await,
        "cancel" => cancel::cancel(step, session, channel).await,
        "hold" => cancel::hold(step, session, channel).await,
        "deadline_seen" => told::deadline(step, channel).await,
        "peer_seen" => told::peer(step, session, channel).await,
        "unread" => unread::run(step, session, channel).await,
        "flood" => flooding::run(step, session, channel).await,
        "call_back" => call_back::run(step, session).await,
        "server_killed" => killed::server_killed(step, session).await,
        "server_back" => killed::server_back(session).await,
        "client_killed" => killed::client_killed(step, session, Some(channel)).await,
        other => Err(Mismatch(format!("no such kind of step: {other}"))),
    }
}
