//! The driver of threads: who reads the link of a session.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Wake;
use std::time::{Duration, Instant};

use samehost_transport_api::{Code, Fault, Interest, Link};

use super::Status;
use super::park::Parker;
use super::server_call::ServerCall;
use super::session::{Driver, Session, Taken};

const BUFFER_BYTES: usize = 64 << 10;
/// How long the background waits before it takes the role: a caller that comes back sooner reads itself.
const LAZINESS: Duration = Duration::from_millis(1);
/// How long the background thread stays without work.
const IDLENESS: Duration = Duration::from_secs(10);

/// The reader role of one session: the thread that has it reads the link for all. A thread that
/// waits for its own answer takes the role, parses what arrives, puts what is others' into their
/// inboxes, and hands the role over when its own answer is there. It never runs what others wrote.
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
pub(crate) struct Reader {
    state: Mutex<State>,
    /// The background thread waits here.
    changed: Condvar,
}

struct State {
    /// `None` before the session starts and after it is over.
    link: Option<Arc<dyn Link>>,
    role: Role,
    /// Callers that wait while another thread has the role, longest first.
    followers: VecDeque<Arc<Parker>>,
    buffer: Vec<u8>,
    background: Background,
}

enum Role {
    Free,
    Caller,
    /// To a follower that has not taken it yet.
    Offered(Arc<Parker>),
    Background,
}

/// What the background thread is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Background {
    /// There is no such thread.
    None,
    /// It waits for work.
    Idle,
    /// It takes the role as soon as it is free; after a moment, where it is not urgent.
    Wanted { urgent: bool },
}

/// A session's handle on its [`Reader`].
pub(crate) struct ThreadDriver(pub(crate) Arc<Reader>);

impl Driver for ThreadDriver {
    fn attend(&self, session: &Arc<Session>) {
        self.0.attend(session);
    }

    fn reader(&self) -> Option<&Arc<Reader>> {
        Some(&self.0)
    }
}

impl Reader {
    pub(crate) fn new() -> Arc<Reader> {
        let state = State {
            link: None,
            role: Role::Free,
            followers: VecDeque::new(),
            buffer: vec![0; BUFFER_BYTES],
            background: Background::None,
        };
        Arc::new(Reader { state: Mutex::new(state), changed: Condvar::new() })
    }

    /// The session's link; from now on it is read.
    pub(crate) fn start(self: &Arc<Self>, session: &Arc<Session>, link: Arc<dyn Link>) {
        self.lock().link = Some(link);
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
            self.close(session, &link);
        } else if left {
            self.call_for_reader(session, &link);
        }
    }

    /// Makes whoever reads look at the session anew; where nobody does, the background will.
    fn call_for_reader(self: &Arc<Self>, session: &Arc<Session>, link: &Arc<dyn Link>) {
        let mut state = self.lock();
        match state.role {
            Role::Free => self.want_background(&mut state, session, true),
            Role::Caller | Role::Offered(_) | Role::Background => {
                drop(state);
                link.wake();
            }
        }
    }

    /// Waits until this thread is woken, at most until then; meanwhile it may read for all.
    pub(crate) fn wait(
        self: &Arc<Self>,
        session: &Arc<Session>,
        parker: &Arc<Parker>,
        until: Option<Instant>,
    ) {
        if !self.enter(parker) {
            parker.park(until);
            if !self.take_offer(parker) {
                return;
            }
        }
        let in_time = |now: Instant| until.is_none_or(|until| now < until);
        while !parker.is_woken() && in_time(Instant::now()) {
            let Some((link, left)) = self.read_once(session) else { break };
            if let Some(left) = left
                && let Err(error) = parker.sleep_in(&link, Interest { read: true, write: left }, until)
            {
                session.abandon(error);
            }
        }
        self.leave(session);
    }

    /// Reads what has arrived at an idle session, so that its end is seen before it is used again.
    pub(crate) fn refresh(self: &Arc<Self>, session: &Arc<Session>) {
        if session.is_busy() {
            return;
        }
        {
            let mut state = self.lock();
            if state.link.is_none() || !matches!(state.role, Role::Free) {
                return;
            }
            state.role = Role::Caller;
        }
        while let Some((_, None)) = self.read_once(session) {}
        self.leave(session);
    }

    /// Takes the role if it is free; otherwise this thread follows, and `false`.
    fn enter(&self, parker: &Arc<Parker>) -> bool {
        let mut state = self.lock();
        match state.role {
            Role::Free if state.link.is_some() => {
                state.role = Role::Caller;
                return true;
            }
            Role::Free => return false,
            Role::Background => {
                if let Some(link) = &state.link {
                    link.wake();
                }
            }
            Role::Caller | Role::Offered(_) => {}
        }
        state.followers.push_back(parker.clone());
        false
    }

    /// This follower has stopped waiting; answers whether it was offered the role, which it then has.
    fn take_offer(&self, parker: &Arc<Parker>) -> bool {
        let mut state = self.lock();
        state.followers.retain(|follower| !Arc::ptr_eq(follower, parker));
        let offered = matches!(&state.role, Role::Offered(to) if Arc::ptr_eq(to, parker));
        if offered {
            state.role = Role::Caller;
        }
        parker.offer(false);
        offered
    }

    /// Hands the role to a follower, or to the background if there is need, or lays it down.
    fn leave(self: &Arc<Self>, session: &Arc<Session>) {
        let busy = session.is_busy();
        let mut state = self.lock();
        if let Some(next) = state.followers.pop_front() {
            next.offer(true);
            state.role = Role::Offered(next);
            return;
        }
        state.role = Role::Free;
        if state.link.is_some() && (busy || session.has_ended()) {
            self.want_background(&mut state, session, session.has_ended());
        }
    }

    /// One round of the holder of the role: reads, writes, ends. Answers the link, and where nothing
    /// was read, whether output is left; `None` when the session is over.
    fn read_once(self: &Arc<Self>, session: &Arc<Session>) -> Option<(Arc<dyn Link>, Option<bool>)> {
        let (link, mut buffer) = {
            let mut state = self.lock();
            (state.link.clone()?, std::mem::take(&mut state.buffer))
        };
        let taken = session.read(&*link, &mut buffer);
        self.lock().buffer = buffer;
        for call in session.take_incoming() {
            // Nothing is served to a peer by the one who connected to it.
            let text = Fault::MethodUnknown.text(&[&call.path.trim_start_matches('/')]);
            ServerCall::new(session, call).answer(None, None, Status::of(Code::Unimplemented, text));
        }
        let left = session.write(&*link);
        if session.has_ended() {
            session.explain(&*link);
            self.close(session, &link);
            return None;
        }
        Some((link, (taken != Taken::Some).then_some(left)))
    }

    /// The session is over: what is still to be said is said as far as there is room.
    fn close(&self, session: &Arc<Session>, link: &Arc<dyn Link>) {
        session.write(&**link);
        let mut state = self.lock();
        state.link = None;
        state.buffer = Vec::new();
        let followers = std::mem::take(&mut state.followers);
        drop(state);
        link.wake();
        self.changed.notify_all();
        followers.into_iter().for_each(Wake::wake);
    }

    fn want_background(self: &Arc<Self>, state: &mut State, session: &Arc<Session>, urgent: bool) {
        let lives = state.background != Background::None;
        let urgent = urgent || state.background == Background::Wanted { urgent: true };
        state.background = Background::Wanted { urgent };
        if lives {
            self.changed.notify_all();
            return;
        }
        let (reader, weak) = (self.clone(), Arc::downgrade(session));
        let thread = std::thread::Builder::new().name("samehost-read".to_owned());
        if let Err(error) = thread.spawn(move || reader.run_background(&weak)) {
            // Without a thread the next caller reads; until then nobody does.
            tracing::warn!(%error, "no thread to read in the background");
            state.background = Background::None;
        }
    }

    /// The background thread: it has the role while a stream is open, or output is left, and no
    /// caller reads. It ends with the session, and after a while without work.
    fn run_background(self: &Arc<Self>, session: &Weak<Session>) {
        while self.background_is_wanted() {
            let Some(session) = session.upgrade() else { return };
            {
                let mut state = self.lock();
                if !matches!(state.role, Role::Free) {
                    continue;
                }
                state.role = Role::Background;
            }
            let parker = Parker::current();
            loop {
                parker.begin();
                let Some((link, left)) = self.read_once(&session) else { break };
                if !session.is_busy() || !self.lock().followers.is_empty() {
                    break;
                }
                if let Some(left) = left
                    && let Err(error) = parker.sleep_in(&link, Interest { read: true, write: left }, None)
                {
                    session.abandon(error);
                }
            }
            self.leave(&session);
        }
    }

    /// Waits until there is work for the background; `false`: its thread ends.
    fn background_is_wanted(&self) -> bool {
        let mut state = self.lock();
        let idle_until = Instant::now() + IDLENESS;
        loop {
            if state.link.is_none() {
                state.background = Background::None;
                return false;
            }
            let wait = match state.background {
                Background::Wanted { urgent: true } => Duration::ZERO,
                Background::Wanted { urgent: false } => LAZINESS,
                Background::None | Background::Idle => idle_until.saturating_duration_since(Instant::now()),
            };
            let was_wanted = matches!(state.background, Background::Wanted { .. });
            if was_wanted {
                // What is wanted from here on is wanted anew.
                state.background = Background::Idle;
            }
            if !wait.is_zero() {
                state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
            }
            if was_wanted {
                return true;
            }
            if !state.stays(Instant::now() < idle_until) {
                return false;
            }
        }
    }
}

impl State {
    /// Whether the background thread stays after a rest. It does not go while it is wanted: whoever
    /// wants it sees that it is there, and starts no other one.
    fn stays(&mut self, has_time: bool) -> bool {
        let stays = has_time || matches!(self.background, Background::Wanted { .. });
        if !stays {
            self.background = Background::None;
        }
        stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_its_time(background: Background) -> (bool, bool) {
        let (role, followers) = (Role::Free, VecDeque::new());
        let mut state = State { link: None, role, followers, buffer: Vec::new(), background };
        (state.stays(false), state.background == background)
    }

    #[test]
    fn the_background_goes_when_nobody_wants_it_for_long() {
        assert_eq!(after_its_time(Background::Idle), (false, false));
    }

    #[test]
    fn a_wish_that_comes_as_the_background_is_about_to_go_is_not_lost() {
        for urgent in [false, true] {
            assert_eq!(after_its_time(Background::Wanted { urgent }), (true, true));
        }
    }
}
