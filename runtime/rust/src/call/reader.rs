//! The driver of threads: who reads the link of a session.

mod background;
mod role;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Wake;
use std::time::Instant;

use samehost_transport_api::{Fault, Interest, Link};

use self::background::Background;
use self::role::{Role, State};
use super::park::Parker;
use super::roster::Roster;
use super::server_call::refuse;
use super::session::{Driver, Incoming, Own, Session, Taken};

const BUFFER_BYTES: usize = 64 << 10;
/// The reader role of one session: the thread that has it reads the link for all. A thread that
/// waits for its own answer takes the role, parses what arrives, leaves what is others' at their
/// streams, and hands the role over when its own answer is there. It never runs what others wrote.
///
/// ```text
///                 a caller waits                      its answer came; nobody waits
///   FREE ------------------------------> CALLER ------------------------------------> FREE
///    |  ^                                 ^   |  its answer came; another one waits
///    |  |                                 |   v
///    |  +-- it has gone, nobody waits -- OFFERED -- it has gone, another one waits --> OFFERED
///    |  |                                 ^
///    |  | nothing is open                 | a caller waits
///    v  |                                 |
///   BACKGROUND ---------------------------+     (open streams or output left, and no caller for 1 ms)
/// ```
///
/// Writing is done by whoever has something to write, at once; what the link does not take is left
/// to the holder of the role. While a stream is open or output is left somebody has the role, or is about to.
/// Where calls of the peer are served the connection's crew stands in for the background, and reads always.
pub(crate) struct Reader {
    crew: Option<Serving>,
    state: Mutex<State>,
    /// Callers wait for the role: its holder sees that without the lock.
    followed: AtomicBool,
    /// The background thread waits here.
    changed: Condvar,
}

/// The threads that serve the calls of the peer: what is left to them, and what starts one of them, with work or idle.
struct Serving {
    roster: Arc<Roster>,
    spawn: Spawn,
}

/// Starts a thread of a crew, which begins with work or idle.
pub(super) type Spawn = fn(&Arc<Roster>, &Arc<Reader>, &Arc<Session>, works: bool);

/// What the holder of the role has: the link, and what it reads into.
struct Held {
    link: Arc<dyn Link>,
    buffer: Vec<u8>,
    calls: Vec<Incoming>,
    of: (Weak<Reader>, Weak<Session>),
    /// Somebody has the role.
    at_work: bool,
}

/// A holder that panics, in a transport of somebody else's say, must not keep all others waiting.
impl Drop for Held {
    fn drop(&mut self) {
        let (true, Some(reader), Some(session)) = (self.at_work, self.of.0.upgrade(), self.of.1.upgrade())
        else {
            return;
        };
        let error = Fault::LinkFailed.with(&[&session.peer().address, &"reading", &"it has panicked"]);
        let link = self.link.clone();
        // What it has left may be such that this panics as well, which would end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            session.abandon(error);
            reader.close(&session, link);
        }));
    }
}

impl Held {
    /// Sleeps until there is something to read, or room for the output that is left, or somebody wakes the thread.
    fn sleep(&self, session: &Arc<Session>, parker: &Parker, output_left: bool, until: Option<Instant>) {
        let interest = Interest { read: true, write: output_left };
        if let Err(error) = parker.sleep_in(&self.link, interest, until) {
            session.abandon(error);
        }
    }
}

/// What a round of the holder came to.
enum Round {
    /// Something was read.
    Some,
    /// Nothing was read, and this says whether output is left.
    Nothing(bool),
    /// The session is over.
    Over,
}

/// A session's handle on its [`Reader`].
pub(crate) struct ThreadDriver(pub(crate) Arc<Reader>);

impl Driver for ThreadDriver {
    fn attend(&self, session: &Arc<Session>) {
        self.0.attend(session);
    }

    fn is_read_by_callers(&self) -> bool {
        true
    }

    fn wait(
        &self,
        session: &Arc<Session>,
        parker: &Arc<Parker>,
        until: Option<Instant>,
        own: &mut Option<Own<'_>>,
    ) {
        self.0.wait(session, parker, until, own);
    }

    fn read_on(&self, session: &Arc<Session>) {
        self.0.read_on(session);
    }

    fn refresh(&self, session: &Arc<Session>) {
        self.0.refresh(session);
    }
}

impl Reader {
    /// The reader of a connection by which nothing is served.
    pub(crate) fn new() -> Arc<Reader> {
        Reader::with(None)
    }

    /// The reader of a connection whose calls a crew serves.
    pub(super) fn of_crew(roster: Arc<Roster>, spawn: Spawn) -> Arc<Reader> {
        Reader::with(Some(Serving { roster, spawn }))
    }

    fn with(crew: Option<Serving>) -> Arc<Reader> {
        let state = State {
            link: None,
            role: Role::Free,
            followers: VecDeque::new(),
            held: None,
            background: Background::None,
        };
        let (followed, changed) = (AtomicBool::new(false), Condvar::new());
        Arc::new(Reader { crew, state: Mutex::new(state), followed, changed })
    }

    /// The session's link; from now on it is read.
    pub(crate) fn start(self: &Arc<Self>, session: &Arc<Session>, link: Arc<dyn Link>) {
        let (buffer, calls) = (vec![0; BUFFER_BYTES], Vec::new());
        let of = (Arc::downgrade(self), Arc::downgrade(session));
        let held = Box::new(Held { link: link.clone(), buffer, calls, of, at_work: false });
        let mut state = self.lock();
        (state.link, state.held) = (Some(link.clone()), Some(held));
        drop(state);
        session.write_directly(link, false);
        // What came along with HELLO.
        match &self.crew {
            None => refuse(session, session.take_incoming()),
            Some(crew) => crew.roster.keep(session, session.take_incoming()),
        }
        self.attend(session);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attend(self: &Arc<Self>, session: &Arc<Session>) {
        let Some(link) = self.lock().link.clone() else { return };
        let left = session.write(&*link);
        if session.has_ended() && !session.is_over() && !session.explain_at_once() {
            return self.call_for_reader(session, &link);
        }
        if session.is_over() {
            self.close(session, link);
        } else if left || session.is_broken() {
            self.call_for_reader(session, &link);
        }
    }

    /// Makes whoever reads look at the session anew; where nobody does, the background will.
    fn call_for_reader(self: &Arc<Self>, session: &Arc<Session>, link: &Arc<dyn Link>) {
        let mut state = self.lock();
        match state.role {
            Role::Free => match &self.crew {
                None => self.want_background(&mut state, session, true),
                Some(crew) => {
                    drop(state);
                    self.urge(crew, session);
                }
            },
            Role::Caller | Role::Offered(_) | Role::Background => {
                drop(state);
                link.wake();
            }
        }
    }

    /// See [`Session::wait`].
    fn wait(
        self: &Arc<Self>,
        session: &Arc<Session>,
        parker: &Arc<Parker>,
        until: Option<Instant>,
        own: &mut Option<Own<'_>>,
    ) {
        let entered = self.enter(parker);
        let Some(mut held) = entered.or_else(|| {
            parker.park(until);
            self.take_offer(parker)
        }) else {
            return;
        };
        session.uncork();
        let in_time = || until.is_none_or(|until| Instant::now() < until);
        let mut begins = true;
        while !parker.is_woken() {
            let round = self.round(session, &mut held, begins, own.as_mut());
            self.take_calls(session, &mut held);
            match round {
                Round::Over => break,
                Round::Some if own.as_ref().is_some_and(Own::is_there) => break,
                // Who begins to wait is in time: a look at the clock costs as much as a frame.
                Round::Nothing(left) if std::mem::take(&mut begins) => {
                    held.sleep(session, parker, left, until)
                }
                _ if parker.is_woken() || !in_time() => break,
                Round::Some => {}
                Round::Nothing(left) => held.sleep(session, parker, left, until),
            }
        }
        self.leave(session, held);
    }

    /// Hands on what calls have come while somebody read for himself.
    #[inline]
    fn take_calls(self: &Arc<Self>, session: &Arc<Session>, held: &mut Held) {
        if held.calls.is_empty() {
            return;
        }
        match &self.crew {
            None => refuse(session, held.calls.drain(..)),
            Some(crew) => {
                crew.roster.take(session, held.calls.drain(..));
                if crew.roster.has_calls() {
                    self.urge(crew, session);
                }
            }
        }
    }

    /// Has a thread of the crew look at once: something was left that should not wait.
    fn urge(self: &Arc<Self>, crew: &Serving, session: &Arc<Session>) {
        if !crew.roster.urge() {
            (crew.spawn)(&crew.roster, self, session, true);
        }
    }

    /// Sees to it that a thread of the crew will look after what was left, soon.
    #[inline]
    fn leave_behind(self: &Arc<Self>, crew: &Serving, session: &Arc<Session>) {
        if !crew.roster.leave_behind() {
            (crew.spawn)(&crew.roster, self, session, false);
        }
    }

    /// See [`Session::read_on`].
    fn read_on(self: &Arc<Self>, session: &Arc<Session>) {
        if self.crew.is_some() || !session.is_busy() {
            return;
        }
        let mut state = self.lock();
        if state.link.is_some() && matches!(state.role, Role::Free) {
            self.want_background(&mut state, session, true);
        }
    }

    /// See [`Session::refresh`].
    fn refresh(self: &Arc<Self>, session: &Arc<Session>) {
        if session.is_busy() {
            return;
        }
        let held = self.lock().take(Role::Caller);
        let Some(mut held) = held else { return };
        while let Round::Some = self.read_once(session, &mut held, None) {}
        self.take_calls(session, &mut held);
        self.leave(session, held);
    }

    /// Reads for the crew, if the role is free, until there are calls to run, which are put into `calls`, or a
    /// caller that waits wants the role. `false`: the role is not free.
    pub(super) fn read_for_crew(self: &Arc<Self>, session: &Arc<Session>, calls: &mut Vec<Incoming>) -> bool {
        let Some(Serving { roster, .. }) = &self.crew else { return false };
        let held = self.lock().take(Role::Background);
        let Some(mut held) = held else { return false };
        session.uncork();
        let parker = Parker::current();
        let mut begins = true;
        loop {
            parker.begin();
            let round = self.round(session, &mut held, std::mem::take(&mut begins), None);
            let until = roster.hello_until(session, &*held.link);
            if !held.calls.is_empty() {
                std::mem::swap(calls, &mut held.calls);
                break;
            }
            match round {
                Round::Over => break,
                _ if self.followed.load(Ordering::Acquire) || roster.has_calls() => break,
                _ if until.is_some_and(|until| Instant::now() >= until) => {
                    session.hello_timeout(roster.hello_timeout().as_secs_f64());
                }
                Round::Some => {}
                Round::Nothing(left) => held.sleep(session, &parker, left, until),
            }
        }
        self.leave(session, held);
        true
    }

    /// As [`read_once`](Reader::read_once), but whoever begins to wait does not read yet, as what it waits for can
    /// hardly have come: the link says at once if there is something.
    #[inline]
    fn round(
        self: &Arc<Self>,
        session: &Arc<Session>,
        held: &mut Held,
        begins: bool,
        own: Option<&mut Own<'_>>,
    ) -> Round {
        if begins && !session.has_ended() && !session.is_broken() {
            return Round::Nothing(session.write(&*held.link));
        }
        self.read_once(session, held, own)
    }

    /// One round of the holder of the role: reads, writes, ends.
    #[inline]
    fn read_once(
        self: &Arc<Self>,
        session: &Arc<Session>,
        held: &mut Held,
        own: Option<&mut Own<'_>>,
    ) -> Round {
        let taken = session.read_calls(&*held.link, &mut held.buffer, &mut held.calls, own);
        let left = session.write(&*held.link);
        if session.has_ended() {
            session.explain(&*held.link);
            self.close(session, held.link.clone());
            return Round::Over;
        }
        // Of a link that is broken all is read at once.
        if taken == Taken::Some || session.is_broken() { Round::Some } else { Round::Nothing(left) }
    }

    /// The session is over: what is still to be said is said as far as there is room.
    fn close(&self, session: &Arc<Session>, link: Arc<dyn Link>) {
        session.write(&*link);
        let mut state = self.lock();
        (state.link, state.held) = (None, None);
        let followers = std::mem::take(&mut state.followers);
        self.followed.store(false, Ordering::Release);
        drop(state);
        session.stop_writing_directly();
        link.wake();
        self.changed.notify_all();
        followers.into_iter().for_each(Wake::wake);
        if let Some(crew) = &self.crew {
            // The link is closed before the connection counts as over.
            drop(link);
            crew.roster.end();
        }
    }
}
