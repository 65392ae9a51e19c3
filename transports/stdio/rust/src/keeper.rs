//! The thread that keeps a child.

use std::os::fd::{AsFd, OwnedFd};
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use samehost_transport_api::end_of;

use crate::StderrLines;
use crate::child::Child;
use crate::ending::Ending;
use crate::stderr::StderrLineCutter;
use crate::teller::Teller;
use samehost_transport_posix::PrivateFd;

/// How often to look whether the child has ended, where the system does not tell, and whether lines were told.
const LOOK: Duration = Duration::from_millis(20);

/// Keeps one child from its start until it is gone: reads its standard error, learns of its end,
/// ends it when the link is dropped, and reaps it. Nobody else signals or reaps the child, so that
/// its process id is its own meanwhile.
///
/// ```text
///   Running ---- link dropped ----> Leaving ---- grace over ----> Terminated ---- grace over ----> Killed
///            (its stdin has ended)             (SIGTERM)                       (SIGKILL)
/// ```
///
/// It is over when the child is reaped, and its standard error has ended or the link is dropped: one
/// who has inherited the standard error holds up nobody.
pub(crate) struct Keeper {
    child: Arc<Child>,
    process: process::Child,
    /// Readable when the child has ended.
    #[cfg(target_os = "linux")]
    pidfd: Option<PrivateFd>,
    reaped: bool,
    /// Non-blocking.
    stderr: Option<PrivateFd>,
    cutter: StderrLineCutter,
    lines: Teller,
    grace: Duration,
    phase: Phase,
}

#[derive(Clone, Copy)]
enum Phase {
    Running,
    Leaving { until: Instant },
    Terminated { until: Instant },
    Killed,
}

impl Phase {
    fn until(self) -> Option<Instant> {
        match self {
            Phase::Leaving { until } | Phase::Terminated { until } => Some(until),
            Phase::Running | Phase::Killed => None,
        }
    }
}

impl Keeper {
    pub fn new(
        child: Arc<Child>,
        process: process::Child,
        stderr: OwnedFd,
        lines: StderrLines,
        grace: Duration,
    ) -> Keeper {
        Keeper {
            #[cfg(target_os = "linux")]
            pidfd: pid_of(&process)
                .and_then(|pid| rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok())
                .map(PrivateFd::from),
            child,
            process,
            reaped: false,
            stderr: Some(stderr.into()),
            cutter: StderrLineCutter::default(),
            lines: Teller::to(lines),
            grace,
            phase: Phase::Running,
        }
    }

    pub fn run(mut self) {
        loop {
            self.wait();
            if !self.lines.is_behind() {
                self.read_stderr();
            }
            self.reap();
            let dropped = self.child.is_link_dropped();
            if self.reaped && (dropped || self.stderr.is_none()) {
                return;
            }
            self.advance(dropped);
        }
    }

    /// Sleeps until there is something to do, or for no reason.
    fn wait(&self) {
        let mut polled = vec![PollFd::from_borrowed_fd(self.child.wake.as_fd(), PollFlags::IN)];
        let until = self.phase.until().map(|until| until.saturating_duration_since(Instant::now()));
        let mut timeout = until;
        if self.lines.is_behind() {
            timeout = Some(until.map_or(LOOK, |until| until.min(LOOK)));
        } else if let Some(stderr) = &self.stderr {
            polled.push(PollFd::from_borrowed_fd(stderr.as_fd(), PollFlags::IN));
        }
        if !self.reaped {
            match self.pidfd() {
                Some(pidfd) => polled.push(PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)),
                None => timeout = Some(timeout.map_or(LOOK, |timeout| timeout.min(LOOK))),
            }
        }
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        if poll(&mut polled, timeout.as_ref()).is_err() {
            // A signal, or a shortage of memory: look again, but not at once.
            std::thread::sleep(Duration::from_millis(1));
        }
        if polled[0].revents().intersects(PollFlags::IN) {
            self.child.wake.hush();
        }
    }

    #[cfg(target_os = "linux")]
    fn pidfd(&self) -> Option<&PrivateFd> {
        self.pidfd.as_ref()
    }

    #[cfg(not(target_os = "linux"))]
    fn pidfd(&self) -> Option<&PrivateFd> {
        None
    }

    /// Takes what is there of the standard error.
    fn read_stderr(&mut self) {
        let mut buffer = [0; 8192];
        // A child that never stops writing must not keep this thread from its other duties.
        for _ in 0..16 {
            let Some(stderr) = &self.stderr else { return };
            match rustix::io::read(stderr, &mut buffer) {
                Ok(0) => self.end_stderr(),
                Ok(count) => {
                    let lines = self.cutter.take(&buffer[..count]);
                    lines.into_iter().for_each(|line| self.tell(line));
                    if count < buffer.len() {
                        return;
                    }
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return,
                Err(_) => self.end_stderr(),
            }
        }
    }

    fn end_stderr(&mut self) {
        self.stderr = None;
        if let Some(line) = self.cutter.end() {
            self.tell(line);
        }
        self.child.has_closed_stderr();
    }

    fn tell(&mut self, line: String) {
        self.child.has_written(&line);
        self.lines.tell(line);
    }

    fn reap(&mut self) {
        if self.reaped {
            return;
        }
        let ending = match self.process.try_wait() {
            Ok(None) => return,
            Ok(Some(status)) => Ending::from(status),
            Err(_) => Ending::Unknown,
        };
        self.reaped = true;
        // What it wrote before it ended is there by now.
        self.read_stderr();
        self.child.has_ended(ending);
    }

    /// Goes on with ending the child.
    fn advance(&mut self, link_dropped: bool) {
        let now = Instant::now();
        self.phase = match self.phase {
            Phase::Running if link_dropped => Phase::Leaving { until: end_of(self.grace) },
            Phase::Leaving { until } if until <= now => {
                self.signal(Signal::TERM);
                Phase::Terminated { until: end_of(self.grace) }
            }
            Phase::Terminated { until } if until <= now => {
                self.signal(Signal::KILL);
                Phase::Killed
            }
            phase => phase,
        };
    }

    /// The child is not reaped, so the process id is still its own.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = pid_of(&self.process) {
            // It fails for a child that has taken another user's rights; nobody could do more.
            let _ = kill_process(pid, signal);
        }
    }
}

fn pid_of(process: &process::Child) -> Option<Pid> {
    i32::try_from(process.id()).ok().and_then(Pid::from_raw)
}
