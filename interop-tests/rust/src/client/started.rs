//! Programs that this one has started.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{fs, io};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::suite::{Mismatch, unless};

const PATIENCE: Duration = Duration::from_secs(30);
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// A program that this one has started: its lines of standard output, and its end. Dropped, it is killed.
pub(super) struct Started {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Started {
    /// Starts a program; its stderr is this program's.
    pub(super) fn start(program: &Path, words: &[&str]) -> Result<Started, Mismatch> {
        let mut child = Command::new(program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Mismatch(format!("cannot start {}: {error}", program.display())))?;
        let stdout = child.stdout.take().expect("it is piped");
        Ok(Started { child, lines: BufReader::new(stdout).lines() })
    }

    /// Waits for the next line, and answers what stands behind its first word, which is given.
    pub(super) async fn line(&mut self, word: &str) -> Result<String, Mismatch> {
        let line = self.lines.next_line().await?;
        match line.as_deref().and_then(|line| line.strip_prefix(word)) {
            Some(rest) => Ok(rest.trim().to_owned()),
            None => Err(Mismatch(format!("expected {word}, but the program printed {line:?}"))),
        }
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub(super) async fn kill(&mut self) -> Result<(), Mismatch> {
        Ok(self.child.kill().await?)
    }
}

/// What `kill -9` does, to any process of this user.
pub(super) fn kill(pid: u32) -> Result<(), Mismatch> {
    Ok(kill_process(process(pid)?, Signal::KILL)?)
}

/// Where the number of threads stands in what the system says of a process, counted from the state.
const THREADS: usize = 17;

/// Whether a process runs, or a thread of it; one that is dead and not yet collected does not.
pub(super) fn runs(pid: u32) -> Result<bool, Mismatch> {
    if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let threads: u32 = fields.get(THREADS).map_or(Ok(0), |count| count.parse())?;
        return Ok(fields.first() != Some(&"Z") || threads > 1);
    }
    Ok(test_kill_process(process(pid)?).is_ok())
}

/// Waits until each thread of a process sleeps, at several looks in a row: it has done what it does at once.
pub(super) async fn await_sleep(pid: u32) -> Result<(), Mismatch> {
    let (end, mut asleep) = (Instant::now() + PATIENCE, 0);
    while asleep < LOOKS {
        unless(Instant::now() < end, || format!("the process {pid} does not come to rest"))?;
        tokio::time::sleep(PAUSE).await;
        // One may end while it is looked at.
        asleep = if sleeps(pid).unwrap_or(false) { asleep + 1 } else { 0 };
    }
    Ok(())
}

fn sleeps(pid: u32) -> io::Result<bool> {
    if !Path::new("/proc/self/task").exists() {
        return Ok(true); // this system does not tell
    }
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let stat = fs::read_to_string(thread?.path().join("stat"))?;
        if !stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" S ")) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn process(pid: u32) -> Result<Pid, Mismatch> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| Mismatch("the server said no pid".to_owned()))
}
