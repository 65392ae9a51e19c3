//! The driver of threads where calls are served: who runs the handlers of a connection.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use samehost_transport_api::{Fault, Link};

use super::reader::{Reader, ThreadDriver};
use super::server::{Host, OpenSession, StartServing};
use super::server_call::ServerCall;
use super::session::{Driver, Incoming, Session, Start, Starter};
use super::tender::Around;

/// How long a handler may keep its thread before another thread does what that one has left.
const TICK: Duration = Duration::from_millis(1);
/// So many ticks without anything new, and nobody ticks any more.
const QUIET_TICKS: u32 = 20;
/// How long a thread stays without work.
const IDLENESS: Duration = Duration::from_secs(10);
/// What handlers find where the system's default is smaller.
const STACK_BYTES: usize = 8 << 20;

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

/// The threads of one connection whose calls are served here. One of them reads. When a call has come it lays the
/// reader role down and runs the handler itself; most are over before anybody else would have woken
/// up. While there is traffic an idle thread looks once a millisecond whether something was left: a
/// role that nobody has, a call that nobody runs. So a handler may take its time, and holds up nobody.
///
/// ```text
///               a call has come                      over, and nobody reads
///   READING --------------------> runs the handler --------------------------> READING
///      ^                                 |
///      | left for a tick                 | over, and another thread reads
///      |                                 v
///      +------------------------------ IDLE --- 10 s ---> ends
/// ```
pub(crate) struct Crew {
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

enum Work {
    Serve(ServerCall),
    Read,
    Nothing,
}

impl Crew {
    /// Serves accepted connections by threads of their own.
    pub(crate) fn host(service: Service, hello_timeout: Duration) -> Host {
        Box::new(move || {
            let (crew, reader, driver) = Crew::prepare(&service, hello_timeout);
            let start = move |session: Arc<Session>, link: Arc<dyn Link>, open| {
                crew.lock().open = Some(open);
                crew.start(&reader, &session, link);
            };
            (driver, Box::new(start) as StartServing)
        })
    }

    /// Starts the sessions of a channel that offers services: its calls, and those of the peer, go by threads.
    pub(crate) fn starter(service: Service) -> Starter {
        Arc::new(move || {
            let (crew, reader, driver) = Crew::prepare(&service, Duration::ZERO);
            // Whoever has connected has had the peer's HELLO.
            crew.seen.greeted.store(true, Ordering::Relaxed);
            let start = move |session: Arc<Session>, link| crew.start(&reader, &session, link);
            (driver, Box::new(start) as Start)
        })
    }

    fn prepare(service: &Service, hello_timeout: Duration) -> (Arc<Crew>, Arc<Reader>, Box<dyn Driver>) {
        let crew = Arc::new(Crew {
            service: service.clone(),
            hello_timeout,
            hello_until: Instant::now().checked_add(hello_timeout),
            state: Mutex::default(),
            seen: Seen::default(),
            changed: Condvar::new(),
        });
        let reader = Reader::of_crew(crew.clone());
        let driver = Box::new(ThreadDriver(reader.clone()));
        (crew, reader, driver)
    }

    fn start(self: &Arc<Self>, reader: &Arc<Reader>, session: &Arc<Session>, link: Arc<dyn Link>) {
        reader.start(session, link);
        self.spawn(reader, session, true);
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

    fn serve(&self, call: ServerCall) {
        // The panic hook has had its text; the call was dropped by it, and failed.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.service.serve)(call)));
    }

    /// Has a thread look at once: something was left that should not wait.
    pub(super) fn urge(self: &Arc<Self>, reader: &Arc<Reader>, session: &Arc<Session>) {
        let mut state = self.lock();
        if state.idle > 0 {
            state.urgent = true;
            drop(state);
            self.changed.notify_one();
        } else {
            drop(state);
            self.spawn(reader, session, true);
        }
    }

    /// Sees to it that somebody will look after what was left, soon.
    pub(super) fn leave_behind(self: &Arc<Self>, reader: &Arc<Reader>, session: &Arc<Session>) {
        // In this order: either a thread that is about to doze sees the turn, or this sees that nobody watches.
        self.has_begun_a_turn();
        if self.seen.watched.load(Ordering::SeqCst) {
            return;
        }
        let mut state = self.lock();
        self.see_to_watch(&mut state, reader, session);
    }

    fn see_to_watch(self: &Arc<Self>, state: &mut State, reader: &Arc<Reader>, session: &Arc<Session>) {
        if state.over || state.watched && !state.dozing {
            return;
        }
        if state.idle > 0 {
            state.dozing = false;
            self.seen.watched.store(state.watched, Ordering::Release);
            self.changed.notify_all();
        } else {
            self.spawn(reader, session, false);
        }
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

    /// Starts a thread, which begins with work or idle.
    fn spawn(self: &Arc<Self>, reader: &Arc<Reader>, session: &Arc<Session>, works: bool) {
        let (crew, reader, of) = (self.clone(), reader.clone(), session.clone());
        let run = move || {
            let around = crew.service.around.clone();
            around(&mut || crew.run(&reader, &of, works));
        };
        let thread = std::thread::Builder::new().name("samehost-serve".to_owned()).stack_size(STACK_BYTES);
        if let Err(error) = thread.spawn(run) {
            tracing::warn!(%error, "no thread to serve with");
            if works {
                let address = &session.peer().address;
                session.abandon(Fault::LinkFailed.with(&[address, &"starting a thread", &error]));
                self.end();
            }
        }
    }

    fn run(self: &Arc<Self>, reader: &Arc<Reader>, session: &Arc<Session>, works: bool) {
        if !works && !self.idle(self.lock(), reader) {
            return;
        }
        let mut calls = Vec::new();
        loop {
            // Most often one thread does all.
            while !self.has_calls() && reader.read_for_crew(session, &mut calls) {
                self.run_read(reader, session, &mut calls);
            }
            match self.next(reader) {
                Work::Serve(call) => {
                    self.leave_behind(reader, session);
                    self.serve(call);
                }
                Work::Read => {}
                Work::Nothing => return,
            }
        }
    }

    /// Runs the calls that this thread has read, those aside that another thread takes meanwhile.
    fn run_read(&self, reader: &Arc<Reader>, session: &Arc<Session>, calls: &mut Vec<Incoming>) {
        if calls.len() <= 1 || !self.service.inline {
            return calls.drain(..).for_each(|call| self.serve(ServerCall::new(session, call)));
        }
        // Their answers go out together, but not where another thread reads: it would sleep on them. Who begins to
        // read from here on uncorks them.
        session.cork();
        if !reader.is_free() {
            session.uncork();
        }
        self.take(session, calls.drain(..));
        while let Some(call) = self.next_call() {
            self.has_begun_a_turn();
            self.serve(call);
        }
        session.uncork();
    }

    fn next_call(&self) -> Option<ServerCall> {
        self.pop(&mut self.lock())
    }

    fn pop(&self, state: &mut State) -> Option<ServerCall> {
        let call = state.calls.pop_front();
        self.seen.calls.store(!state.calls.is_empty(), Ordering::Release);
        call.map(|(_, call)| call)
    }

    fn next(&self, reader: &Arc<Reader>) -> Work {
        loop {
            let mut state = self.lock();
            if let Some(call) = self.pop(&mut state) {
                return Work::Serve(call);
            }
            if state.over {
                return Work::Nothing;
            }
            if reader.is_free() {
                return Work::Read;
            }
            if !self.idle(state, reader) {
                return Work::Nothing;
            }
        }
    }

    /// Waits for something to do; `false` when that takes too long.
    fn idle(&self, mut state: MutexGuard<'_, State>, reader: &Arc<Reader>) -> bool {
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
                let left = !state.calls.is_empty() || reader.is_free();
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
