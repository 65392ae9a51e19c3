//! What is known of a child.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use samehost_transport_api::Link;
use samehost_transport_posix::Wake;

use crate::ending::Ending;

/// How many lines of its standard error are kept for errors: the trace of an exception and its message fit, mostly.
const LINES: usize = 20;

/// What a link and its child's keeper know of the child. It does nothing to the child itself.
pub(crate) struct Child {
    pub pid: u32,
    /// Rung when the link is dropped.
    pub wake: Wake,
    /// Rung when the child has ended, and never hushed.
    pub end: Wake,
    ended: AtomicBool,
    link: OnceLock<Weak<dyn Link>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ending: Option<Ending>,
    stderr_over: bool,
    stderr: VecDeque<String>,
    link_dropped: bool,
}

/// What is told of a child in errors.
pub(crate) struct Report {
    /// `None` while it runs.
    pub ending: Option<Ending>,
    /// The last lines of its standard error, or `nothing`.
    pub stderr: String,
}

impl Child {
    pub fn new(pid: u32, wake: Wake, end: Wake) -> Child {
        Child {
            pid,
            wake,
            end,
            ended: AtomicBool::new(false),
            link: OnceLock::new(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The link to wake when the child has ended.
    pub fn is_at(&self, link: Weak<dyn Link>) {
        // There is but one.
        let _ = self.link.set(link);
    }

    pub fn has_ended(&self, ending: Ending) {
        self.state().ending = Some(ending);
        self.changed.notify_all();
        self.ended.store(true, Ordering::Release);
        self.end.ring();
        if let Some(link) = self.link.get().and_then(Weak::upgrade) {
            link.wake();
        }
    }

    /// Whether it has ended. What it wrote before is in its pipes by then.
    pub fn is_over(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub fn has_written(&self, line: &str) {
        let mut state = self.state();
        if state.stderr.len() == LINES {
            state.stderr.pop_front();
        }
        state.stderr.push_back(line.to_owned());
    }

    pub fn has_closed_stderr(&self) {
        self.state().stderr_over = true;
        self.changed.notify_all();
    }

    pub fn link_was_dropped(&self) {
        self.state().link_dropped = true;
        self.wake.ring();
    }

    pub fn is_link_dropped(&self) -> bool {
        self.state().link_dropped
    }

    /// What is known now.
    pub fn report(&self) -> Report {
        Self::reported(&self.state())
    }

    /// What is known when the child has ended and its last words have arrived, or after a while:
    /// it may live on, and so may one who has inherited its standard error.
    pub fn report_of_the_end(&self, patience: Duration) -> Report {
        let more_to_come = |state: &mut State| state.ending.is_none() || !state.stderr_over;
        let waited = self.changed.wait_timeout_while(self.state(), patience, more_to_come);
        Self::reported(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn reported(state: &State) -> Report {
        let lines: Vec<_> = state.stderr.iter().map(String::as_str).collect();
        let stderr = if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") };
        Report { ending: state.ending, stderr }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
