//! What is left to the threads that serve a connection's calls, and which of them looks after it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use samehost_transport_api::Link;

use super::server::OpenSession;
use super::server_call::ServerCall;
use super::session::{Incoming, Session};
use super::tender::Around;

/// How long a handler may keep its thread before another thread does what that one has left.
const TICK: Duration = Duration::from_millis(1);
/// So many ticks without anything new, and nobody ticks any more.
const QUIET_TICKS: u32 = 20;
/// How long a thread stays without work.
const IDLENESS: Duration = Duration::from_secs(10);

/// How the calls of a peer are served by threads.
#[derive(Clone)]
pub(crate) struct Service {
    /// Serves one call.
    pub(crate) serve: Arc<dyn Fn(ServerCall) + Send + Sync>,
    /// It may take its time: the reader role is given up before. Otherwise it is quick, and the reader runs it.
    pub(crate) inline: bool,
    /// Runs all that a thread does, from its beginning to its end.
    pub(crate) around: Around,
}

/// What is left to the threads that serve a connection's calls, the [crew](super::crew): calls that nobody runs. While
/// there is traffic an idle one of them looks once a millisecond for that, and for whether nobody reads.
pub(super) struct Roster {
    service: Service,
    hello_timeout: Duration,
    /// When HELLO must have come.
    hello_until: Option<Instant>,
    state: Mutex<State>,
    /// What of the state is looked at without the lock.
    seen: Seen,
    /// Idle threads wait here.
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    /// How often a thread has begun to read or to run a handler.
    turns: AtomicU64,
    /// Calls wait that nobody runs.
    calls: AtomicBool,
    /// An idle thread ticks.
    watched: AtomicBool,
    /// HELLO has come.
    greeted: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Calls that nobody runs yet, and when they came.
    calls: VecDeque<(Instant, ServerCall)>,
    idle: u32,
    /// An idle thread looks after what is left.
    watched: bool,
    /// It has stopped ticking, as nothing happens.
    dozing: bool,
    /// An idle thread is to look at once.
    urgent: bool,
    over: bool,
    open: Option<OpenSession>,
}

/// What a thread does next.
pub(super) enum Work {
    Serve(ServerCall),
    Read,
    Nothing,
}

impl Roster {
    pub(super) fn new(service: &Service, hello_timeout: Duration) -> Roster {
        Roster {
            service: service.clone(),
            hello_timeout,
            hello_until: Instant::now().checked_add(hello_timeout),
            state: Mutex::default(),
            seen: Seen::default(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// HELLO has come before.
    pub(super) fn is_greeted(&self) {
        self.seen.greeted.store(true, Ordering::Relaxed);
    }

    /// The guard is dropped at the end.
    pub(super) fn begin(&self, open: OpenSession) {
        self.lock().open = Some(open);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes calls that were read: runs them where that is quick, or keeps them for a thread of the crew.
    pub(super) fn take(&self, session: &Arc<Session>, incoming: impl Iterator<Item = Incoming>) {
        if !self.service.inline {
            return incoming.for_each(|call| self.serve(ServerCall::new(session, call)));
        }
        self.keep(session, incoming);
    }

    /// Keeps calls for a thread of the crew.
    pub(super) fn keep(&self, session: &Arc<Session>, incoming: impl IntoIterator<Item = Incoming>) {
        let mut calls = incoming.into_iter().map(|call| ServerCall::new(session, call)).peekable();
        if calls.peek().is_some() {
            let now = Instant::now();
            let mut state = self.lock();
            state.calls.extend(calls.map(|call| (now, call)));
            self.seen.calls.store(true, Ordering::Release);
        }
    }

    pub(super) fn has_calls(&self) -> bool {
        self.seen.calls.load(Ordering::Acquire)
    }

    pub(super) fn has_begun_a_turn(&self) {
        self.seen.turns.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn serve(&self, call: ServerCall) {
        // The panic hook has had its text; the call was dropped by it, and failed.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.service.serve)(call)));
    }

    /// Has an idle thread look at once: something was left that should not wait. `false`: there is none.
    #[must_use]
    pub(super) fn urge(&self) -> bool {
        let mut state = self.lock();
        let some = state.idle > 0;
        if some {
            state.urgent = true;
            drop(state);
            self.changed.notify_one();
        }
        some
    }

    /// Sees to it that an idle thread will look after what was left, soon. `false`: there is none.
    #[must_use]
    #[inline]
    pub(super) fn leave_behind(&self) -> bool {
        // In this order: either a thread that is about to doze sees the turn, or this sees that nobody watches.
        self.has_begun_a_turn();
        self.seen.watched.load(Ordering::SeqCst) || self.see_to_watch()
    }

    fn see_to_watch(&self) -> bool {
        let mut state = self.lock();
        if state.over || state.watched && !state.dozing {
            return true;
        }
        let some = state.idle > 0;
        if some {
            state.dozing = false;
            self.seen.watched.store(state.watched, Ordering::Release);
            self.changed.notify_all();
        }
        some
    }

    /// The connection is over: its link is closed.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.over = true;
        let open = state.open.take();
        drop(state);
        self.changed.notify_all();
        drop(open);
    }

    pub(super) fn next_call(&self) -> Option<ServerCall> {
        self.pop(&mut self.lock())
    }

    fn pop(&self, state: &mut State) -> Option<ServerCall> {
        let call = state.calls.pop_front();
        self.seen.calls.store(!state.calls.is_empty(), Ordering::Release);
        call.map(|(_, call)| call)
    }

    /// What a thread does next. `is_free`: nobody reads.
    pub(super) fn next(&self, is_free: impl Fn() -> bool) -> Work {
        loop {
            let mut state = self.lock();
            if let Some(call) = self.pop(&mut state) {
                return Work::Serve(call);
            }
            if state.over {
                return Work::Nothing;
            }
            if is_free() {
                return Work::Read;
            }
            if !self.idle(state, &is_free) {
                return Work::Nothing;
            }
        }
    }

    /// Waits for something to do; `false` when that takes too long. `is_free`: nobody reads.
    pub(super) fn rest(&self, is_free: impl Fn() -> bool) -> bool {
        self.idle(self.lock(), &is_free)
    }

    fn idle(&self, mut state: MutexGuard<'_, State>, is_free: &impl Fn() -> bool) -> bool {
        let (mut watches, mut quiet, until) = (false, 0, Instant::now() + IDLENESS);
        let mut turns = self.seen.turns.load(Ordering::SeqCst);
        state.idle += 1;
        let works = loop {
            if state.over || std::mem::take(&mut state.urgent) {
                break true;
            }
            if !state.watched {
                (state.watched, state.dozing, watches, quiet) = (true, false, true, 0);
            }
            if watches {
                state.dozing |= quiet >= QUIET_TICKS;
                self.seen.watched.store(!state.dozing, Ordering::SeqCst);
                if state.dozing && self.seen.turns.load(Ordering::SeqCst) != turns {
                    // Somebody has counted on this thread just before.
                    (state.dozing, quiet) = (false, 0);
                    self.seen.watched.store(true, Ordering::SeqCst);
                }
            }
            let ticks = watches && !state.dozing;
            let left = until.saturating_duration_since(Instant::now());
            if !ticks && left.is_zero() {
                break false;
            }
            turns = self.seen.turns.load(Ordering::SeqCst);
            let wait = self.changed.wait_timeout(state, if ticks { TICK } else { left });
            let timed_out;
            (state, timed_out) = wait.map_or_else(
                |poisoned| {
                    let (state, wait) = poisoned.into_inner();
                    (state, wait.timed_out())
                },
                |(state, wait)| (state, wait.timed_out()),
            );
            if !timed_out {
                quiet = 0;
            } else if ticks {
                let same = self.seen.turns.load(Ordering::SeqCst) == turns;
                let left = !state.calls.is_empty() || is_free();
                let late = state.calls.front().is_some_and(|(came, _)| came.elapsed() >= TICK);
                if same && left || late {
                    break true;
                }
                quiet = if same { quiet + 1 } else { 0 };
            }
        };
        state.idle -= 1;
        if watches {
            state.watched = false;
            self.seen.watched.store(false, Ordering::Release);
        }
        works
    }

    pub(super) fn hello_timeout(&self) -> Duration {
        self.hello_timeout
    }

    /// When HELLO must have come; `None` when it has, which the link is told.
    pub(super) fn hello_until(&self, session: &Session, link: &dyn Link) -> Option<Instant> {
        if self.seen.greeted.load(Ordering::Relaxed) {
            return None;
        }
        let Some((pid, namespace)) = session.hello() else { return self.hello_until };
        self.seen.greeted.store(true, Ordering::Relaxed);
        link.peer_said_hello(pid, namespace);
        None
    }
}
