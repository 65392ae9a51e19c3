//! The way to one server: at most one connection at a time, made when it is needed.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use samehost_transport_api::{Fault, Link, LinkError, end_of};

use super::backoff::{dice, not_tried};
use super::connectivity::ConnectivityState;
use super::dial::{self, Dialer, Owner};
use super::session::{Back, Notice, Session, Starter};
use crate::connection::{Place, Status, Waitlist, Wakes};

/// The way to one server: at most one connection at a time, made when it is needed by a thread of
/// its own that ends with the try. Calls wait here for a connection; they never run here.
///
/// Or the way back to a caller, which is the connection by which it has called, and no other one.
pub(crate) struct ChannelCore {
    address: String,
    /// What makes connections; `None` of a way back.
    dialer: Option<Dialer>,
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

    /// The channel to the peer, for the handlers of its calls: over this connection, as long as that takes calls.
    pub(crate) fn back_to(session: &Arc<Session>) -> Arc<ChannelHandle> {
        session.back(|| ChannelHandle::new(ChannelCore::back(session))).clone()
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

impl Back for Arc<ChannelHandle> {
    fn noticed(&self, session: &Arc<Session>, notice: Notice) {
        self.core.noticed(session, notice);
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
    Failed {
        until: Instant,
    },
    Shutdown,
    /// A way back: the session has this channel, and not the other way round.
    Back(Weak<Session>),
    /// A way back that has ended.
    Gone,
}

/// A call's wait for a connection. Must be given back by [`ChannelCore::leave`].
#[derive(Default)]
pub(crate) struct Wait {
    hasty: Place,
    patient: Place,
    tries: u64,
}

impl ChannelCore {
    pub(crate) fn new(address: String, dialer: Dialer) -> Arc<ChannelCore> {
        ChannelCore::with(address, Some(dialer), Phase::Idle)
    }

    /// The way back to whoever calls by this session.
    fn back(session: &Arc<Session>) -> Arc<ChannelCore> {
        ChannelCore::with(session.peer().address.to_string(), None, Phase::Back(Arc::downgrade(session)))
    }

    fn with(address: String, dialer: Option<Dialer>, phase: Phase) -> Arc<ChannelCore> {
        let state = State {
            phase,
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
        Arc::new(ChannelCore { address, dialer, state: Mutex::new(state), changed: Condvar::new() })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
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
    ) -> Poll<Result<Arc<Session>, Status>> {
        let gone = || self.failed(Fault::CallerGone);
        let mut state = self.lock();
        let result = match &state.phase {
            Phase::Ready(session) => Poll::Ready(Ok(session.clone())),
            Phase::Shutdown => Poll::Ready(Err(self.failed(Fault::ChannelShutdown))),
            Phase::Back(session) => Poll::Ready(session.upgrade().ok_or_else(gone)),
            Phase::Gone => Poll::Ready(Err(gone())),
            phase if !patient => match (&state.last_error, phase) {
                (Some(error), _) if wait.hasty != 0 && state.tries > wait.tries => {
                    Poll::Ready(Err(Status::from(error)))
                }
                (Some(error), Phase::Failed { until }) if Instant::now() < *until => {
                    Poll::Ready(Err(not_tried(self.address(), error, *until)))
                }
                _ => Poll::Pending,
            },
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

    fn failed(&self, fault: Fault) -> Status {
        Status::from(&fault.with(&[&self.address()]))
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
        let Some(dialer) = &self.dialer else { return };
        let starter = (dialer.make_starter)();
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
            let run = move || channel.dialer.iter().for_each(|dialer| dial::run(&channel, dialer));
            if let Err(error) = thread.spawn(run) {
                let error = Fault::ConnectFailed.with(&[&self.address(), &"thread", &error]);
                self.dial_ended(dialer, Err(error));
                self.change(|state, _| state.dialing = false);
            }
        }
    }

    /// No stream can be opened on this session any more: the next call makes another one.
    pub(super) fn discard(&self, session: &Arc<Session>) {
        self.noticed(session, Notice::Over);
    }

    /// Begins to connect, if there is no connection, and goes on trying until there is one.
    pub(crate) fn connect(self: &Arc<Self>) {
        {
            let mut state = self.lock();
            if matches!(state.phase, Phase::Ready(_) | Phase::Shutdown | Phase::Back(_) | Phase::Gone) {
                return;
            }
            state.wanted = true;
        }
        self.dial();
    }

    pub(crate) fn connectivity(&self) -> ConnectivityState {
        self.lock().connectivity()
    }

    /// The connection that there is.
    pub(crate) fn connected(&self) -> Option<Arc<Session>> {
        match &self.lock().phase {
            Phase::Ready(session) => Some(session.clone()),
            Phase::Back(session) => session.upgrade(),
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

    /// Takes no more calls. Those that are open go on, or with `now` fail at once. A way back goes on, for the
    /// connection is the caller's.
    pub(crate) fn shut_down(&self, now: bool) {
        let Some(dialer) = &self.dialer else { return };
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
        dialer.connector.close();
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

impl Owner for ChannelCore {
    fn address(&self) -> &str {
        &self.address
    }

    fn may_dial(&self) -> Option<Starter> {
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

    fn greeting(&self, link: Option<&Arc<dyn Link>>) -> bool {
        let mut state = self.lock();
        state.greeting = link.cloned();
        !matches!(state.phase, Phase::Shutdown)
    }

    fn dial_ended(&self, dialer: &Dialer, result: Result<Arc<Session>, LinkError>) -> bool {
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
                    let until = end_of(dialer.backoff.after(state.failures, dice()));
                    state.phase = Phase::Failed { until };
                    state.last_error = Some(error);
                }
            }
            state.hasty.all(wakes);
            true
        })
    }

    fn noticed(&self, session: &Arc<Session>, _notice: Notice) {
        self.change(|state, _| match &state.phase {
            Phase::Ready(current) if Arc::ptr_eq(current, session) => state.phase = Phase::Idle,
            Phase::Back(_) => state.phase = Phase::Gone,
            _ => {}
        });
    }
}

impl State {
    fn connectivity(&self) -> ConnectivityState {
        match self.phase {
            Phase::Idle => ConnectivityState::Idle,
            Phase::Connecting => ConnectivityState::Connecting,
            Phase::Ready(_) | Phase::Back(_) => ConnectivityState::Ready,
            Phase::Failed { .. } => ConnectivityState::TransientFailure,
            Phase::Shutdown | Phase::Gone => ConnectivityState::Shutdown,
        }
    }

    fn leave(&mut self, wait: &mut Wait) {
        self.hasty.leave(&mut wait.hasty);
        self.patient.leave(&mut wait.patient);
    }
}
