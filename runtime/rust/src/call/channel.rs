//! The way to one server: at most one connection at a time, made when it is needed.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use samehost_transport_api::{Connector, Fault, Link, LinkError, end_of};

use super::backoff::{Backoff, dice};
use super::connectivity::{ConnectivityState, StateWatch};
use super::session::{Driver, Notice, Session};
use super::waitlist::{Place, Waitlist, Wakes};
use super::{Settings, dial};

/// Prepares the driver of a new session; what it answers starts it, once the peer has said HELLO. It
/// is made where a connection is first needed, in the context of the caller.
pub(crate) type Starter = Arc<dyn Fn() -> (Box<dyn Driver>, Start) + Send + Sync>;

/// Starts the driver of a session.
pub(crate) type Start = Box<dyn FnOnce(Arc<Session>, Arc<dyn Link>) + Send>;

/// Makes a [`Starter`], in the context of the caller.
pub(crate) type MakeStarter = Box<dyn Fn() -> Starter + Send + Sync>;

/// What a channel is made with.
pub(crate) struct ChannelSettings {
    pub(crate) address: String,
    pub(crate) connection: Settings,
    pub(crate) connect_timeout: Duration,
    pub(crate) backoff: Backoff,
    /// How long a wait for the peer may look before it sleeps; `None` is as usual.
    pub(crate) spin_limit: Option<Duration>,
}

/// The way to one server: at most one connection at a time, made when it is needed by a thread of
/// its own that ends with the try. Calls wait here for a connection; they never run here.
pub(crate) struct ChannelCore {
    pub(super) settings: ChannelSettings,
    pub(super) connector: Box<dyn Connector>,
    make_starter: MakeStarter,
    state: Mutex<State>,
    /// Told when the dialing thread has something new to look at.
    changed: Condvar,
}

/// Whoever may still make calls: the clones of a channel, and each of its calls. When the last one
/// has gone the channel is shut down.
pub(crate) struct ChannelHandle {
    core: Arc<ChannelCore>,
}

impl ChannelHandle {
    pub(crate) fn new(core: Arc<ChannelCore>) -> Arc<ChannelHandle> {
        Arc::new(ChannelHandle { core })
    }
}

impl std::ops::Deref for ChannelHandle {
    type Target = Arc<ChannelCore>;

    fn deref(&self) -> &Arc<ChannelCore> {
        &self.core
    }
}

impl Drop for ChannelHandle {
    fn drop(&mut self) {
        self.core.shut_down(false);
    }
}

struct State {
    phase: Phase,
    failures: u32,
    /// A thread connects, or waits to do so again.
    dialing: bool,
    /// Tries to connect go on without a call that waits for them.
    wanted: bool,
    /// Of the call that needed a connection last: its runtime is the one that lives.
    starter: Option<Starter>,
    /// The link whose peer has not said HELLO yet, to be woken at the shutdown.
    greeting: Option<Arc<dyn Link>>,
    /// Calls that fail when connecting does, and calls that wait on.
    hasty: Waitlist,
    patient: Waitlist,
    /// The number of tries to connect, by which a hasty call sees that the one that it waited for has failed.
    tries: u64,
    last_error: Option<LinkError>,
    watchers: Vec<Waker>,
}

enum Phase {
    Idle,
    Connecting,
    Ready(Arc<Session>),
    Failed { until: Instant },
    Shutdown,
}

/// A call's wait for a connection. Must be given back by [`ChannelCore::leave`].
#[derive(Default)]
pub(crate) struct Wait {
    hasty: Place,
    patient: Place,
    tries: u64,
}

impl ChannelCore {
    pub(crate) fn new(
        settings: ChannelSettings,
        connector: Box<dyn Connector>,
        make_starter: MakeStarter,
    ) -> Arc<ChannelCore> {
        let state = State {
            phase: Phase::Idle,
            failures: 0,
            dialing: false,
            wanted: false,
            starter: None,
            greeting: None,
            hasty: Waitlist::default(),
            patient: Waitlist::default(),
            tries: 0,
            last_error: None,
            watchers: Vec::new(),
        };
        Arc::new(ChannelCore {
            settings,
            connector,
            make_starter,
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn address(&self) -> &str {
        &self.settings.address
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then wakes those whom it concerns.
    fn change<R>(&self, change: impl FnOnce(&mut State, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::new();
        let mut state = self.lock();
        let before = state.connectivity();
        let result = change(&mut state, &mut wakes);
        if state.connectivity() != before {
            wakes.extend(std::mem::take(&mut state.watchers));
        }
        drop(state);
        self.changed.notify_all();
        wakes.for_each(Waker::wake);
        result
    }

    /// The connection to open a stream on. A patient call waits as long as it takes, a hasty one
    /// fails when connecting fails.
    pub(crate) fn poll_session(
        self: &Arc<Self>,
        patient: bool,
        wait: &mut Wait,
        cx: &Context<'_>,
    ) -> Poll<Result<Arc<Session>, LinkError>> {
        let mut state = self.lock();
        let result = match &state.phase {
            Phase::Ready(session) => Poll::Ready(Ok(session.clone())),
            Phase::Shutdown => Poll::Ready(Err(Fault::ChannelShutdown.with(&[&self.address()]))),
            phase if !patient => {
                let failed = wait.hasty != 0 && state.tries > wait.tries;
                let in_backoff = matches!(phase, Phase::Failed { until } if Instant::now() < *until);
                match &state.last_error {
                    Some(error) if failed || in_backoff => Poll::Ready(Err(error.clone())),
                    _ => Poll::Pending,
                }
            }
            _ => Poll::Pending,
        };
        if result.is_ready() {
            state.leave(wait);
            return result;
        }
        if patient {
            state.patient.wait(&mut wait.patient, cx.waker());
        } else {
            if wait.hasty == 0 {
                wait.tries = state.tries;
            }
            state.hasty.wait(&mut wait.hasty, cx.waker());
        }
        drop(state);
        self.dial();
        result
    }

    /// Why the last try to connect has failed, where it did.
    pub(crate) fn last_error(&self) -> Option<LinkError> {
        self.lock().last_error.clone()
    }

    /// Gives up waiting.
    pub(crate) fn leave(&self, wait: &mut Wait) {
        if wait.hasty != 0 || wait.patient != 0 {
            self.lock().leave(wait);
            self.changed.notify_all();
        }
    }

    /// Sees to it that a thread connects, now or after the backoff.
    fn dial(self: &Arc<Self>) {
        let starter = (self.make_starter)();
        let dialing = self.change(|state, _| {
            state.starter = Some(starter);
            match state.phase {
                Phase::Idle => state.phase = Phase::Connecting,
                Phase::Failed { until } if until <= Instant::now() => state.phase = Phase::Connecting,
                _ => {}
            }
            std::mem::replace(&mut state.dialing, true)
        });
        if !dialing {
            let channel = self.clone();
            let thread = std::thread::Builder::new().name("samehost-connect".to_owned());
            if let Err(error) = thread.spawn(move || dial::run(&channel)) {
                self.dial_ended(Err(Fault::ConnectFailed.with(&[&self.address(), &"thread", &error])));
                self.change(|state, _| state.dialing = false);
            }
        }
    }

    /// A session ended, or takes no more calls: the next call makes another one.
    pub(super) fn noticed(&self, session: &Arc<Session>, _notice: Notice) {
        self.change(|state, _| {
            if matches!(&state.phase, Phase::Ready(current) if Arc::ptr_eq(current, session)) {
                state.phase = Phase::Idle;
            }
        });
    }

    /// No stream can be opened on this session any more: the next call makes another one.
    pub(super) fn discard(&self, session: &Arc<Session>) {
        self.noticed(session, Notice::Over);
    }

    /// What the dialing thread does next: it connects, once the backoff is over, or ends.
    pub(super) fn may_dial(&self) -> Option<Starter> {
        let mut state = self.lock();
        loop {
            let until = match state.phase {
                Phase::Connecting => return state.starter.clone(),
                Phase::Failed { until } if state.wanted || !state.patient.is_empty() => until,
                _ => {
                    state.dialing = false;
                    return None;
                }
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(state);
                self.change(|state, _| {
                    if matches!(state.phase, Phase::Failed { .. }) {
                        state.phase = Phase::Connecting;
                    }
                });
                state = self.lock();
            } else {
                state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    /// The link of a try to connect waits for HELLO; answers whether it is still wanted.
    pub(super) fn greeting(&self, link: Option<&Arc<dyn Link>>) -> bool {
        let mut state = self.lock();
        state.greeting = link.cloned();
        !matches!(state.phase, Phase::Shutdown)
    }

    /// A try to connect has ended; answers whether its session is wanted.
    pub(super) fn dial_ended(&self, result: Result<Arc<Session>, LinkError>) -> bool {
        let backoff = self.settings.backoff;
        self.change(|state, wakes| {
            if matches!(state.phase, Phase::Shutdown) {
                return false;
            }
            state.tries += 1;
            match result {
                Ok(session) => {
                    state.failures = 0;
                    state.wanted = false;
                    state.last_error = None;
                    state.phase = Phase::Ready(session);
                    state.patient.all(wakes);
                }
                Err(error) => {
                    state.failures += 1;
                    let until = end_of(backoff.after(state.failures, dice()));
                    state.phase = Phase::Failed { until };
                    state.last_error = Some(error);
                }
            }
            state.hasty.all(wakes);
            true
        })
    }

    /// Begins to connect, if there is no connection, and goes on trying until there is one.
    pub(crate) fn connect(self: &Arc<Self>) {
        {
            let mut state = self.lock();
            if matches!(state.phase, Phase::Ready(_) | Phase::Shutdown) {
                return;
            }
            state.wanted = true;
        }
        self.dial();
    }

    /// A look at the state that does not keep the channel open.
    pub(crate) fn watch(self: &Arc<Self>) -> StateWatch {
        StateWatch::of(self.clone())
    }

    pub(crate) fn connectivity(&self) -> ConnectivityState {
        self.lock().connectivity()
    }

    /// What carries the bytes of the connection that there is; nothing without one.
    pub(crate) fn medium(&self) -> Option<Arc<str>> {
        match &self.lock().phase {
            Phase::Ready(session) => Some(session.medium.clone()),
            _ => None,
        }
    }

    /// Ready when the state is another one.
    pub(crate) fn poll_change(&self, from: ConnectivityState, cx: &Context<'_>) -> Poll<ConnectivityState> {
        let mut state = self.lock();
        match state.connectivity() {
            same if same == from => {
                state.watchers.retain(|known| !known.will_wake(cx.waker()));
                state.watchers.push(cx.waker().clone());
                Poll::Pending
            }
            other => Poll::Ready(other),
        }
    }

    /// Takes no more calls. Those that are open go on, or with `now` fail at once.
    pub(crate) fn shut_down(&self, now: bool) {
        let error = Fault::ChannelShutdown.with(&[&self.address()]);
        let (session, greeting) = self.change(|state, wakes| {
            state.hasty.all(wakes);
            state.patient.all(wakes);
            let before = std::mem::replace(&mut state.phase, Phase::Shutdown);
            let session = match before {
                Phase::Ready(session) => Some(session),
                _ => None,
            };
            (session, state.greeting.take())
        });
        self.connector.close();
        if let Some(link) = greeting {
            link.wake();
        }
        if let Some(session) = session {
            match now {
                true => session.shut_down(&error),
                false => session.go_away("the channel was shut down"),
            }
        }
    }
}

impl State {
    fn connectivity(&self) -> ConnectivityState {
        match self.phase {
            Phase::Idle => ConnectivityState::Idle,
            Phase::Connecting => ConnectivityState::Connecting,
            Phase::Ready(_) => ConnectivityState::Ready,
            Phase::Failed { .. } => ConnectivityState::TransientFailure,
            Phase::Shutdown => ConnectivityState::Shutdown,
        }
    }

    fn leave(&mut self, wait: &mut Wait) {
        self.hasty.leave(&mut wait.hasty);
        self.patient.leave(&mut wait.patient);
    }
}
