//! The driver of threads: who reads the link of a session.

mod background;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Instant;

use samehost_transport_api::{Code, Fault, Interest, Link};

use self::background::Background;
use super::Status;
use super::crew::Crew;
use super::park::Parker;
use super::server_call::ServerCall;
use super::session::{Driver, Incoming, Session, Taken};

const BUFFER_BYTES: usize = 64 << 10;
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
/// On the serving side the connection's crew stands in for the background, and reads always.
pub(crate) struct Reader {
    crew: Option<Arc<Crew>>,
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
    /// The reader of a connection that was made here.
    pub(crate) fn new() -> Arc<Reader> {
        Reader::with(None)
    }

    /// The reader of a connection that was accepted.
    pub(super) fn of_crew(crew: Arc<Crew>) -> Arc<Reader> {
        Reader::with(Some(crew))
    }

    fn with(crew: Option<Arc<Crew>>) -> Arc<Reader> {
        let state = State {
            link: None,
            role: Role::Free,
            followers: VecDeque::new(),
            buffer: vec![0; BUFFER_BYTES],
            background: Background::None,
        };
        Arc::new(Reader { crew, state: Mutex::new(state), changed: Condvar::new() })
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
            self.close(session, link);
        } else if left {
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
                    crew.urge(self, session);
                }
            },
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
            if let Some(crew) = &self.crew
                && crew.has_calls()
            {
                crew.urge(self, session);
            }
            if let Some(left) = left
                && let Err(error) = parker.sleep_in(&link, Interest { read: true, write: left }, until)
            {
                session.abandon(error);
            }
        }
        self.leave(session);
    }

    /// Sees to it that an open session is read, for one who waits without a thread.
    pub(crate) fn read_on(self: &Arc<Self>, session: &Arc<Session>) {
        if self.crew.is_some() || !session.is_busy() {
            return;
        }
        let mut state = self.lock();
        if state.link.is_some() && matches!(state.role, Role::Free) {
            self.want_background(&mut state, session, true);
        }
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
        if state.link.is_none() {
            return;
        }
        match &self.crew {
            None if busy || session.has_ended() => {
                self.want_background(&mut state, session, session.has_ended());
            }
            None => {}
            Some(crew) => {
                drop(state);
                crew.leave_behind(self, session);
            }
        }
    }

    /// Whether nobody has the role.
    pub(super) fn is_free(&self) -> bool {
        let state = self.lock();
        state.link.is_some() && matches!(state.role, Role::Free)
    }

    /// Takes the role for a thread of the crew, if it is free.
    pub(super) fn take_for_crew(&self) -> bool {
        let mut state = self.lock();
        let free = state.link.is_some() && matches!(state.role, Role::Free);
        if free {
            state.role = Role::Background;
        }
        free
    }

    /// Reads for the crew until there is a call to run, or a caller that waits wants the role.
    pub(super) fn read_for_crew(self: &Arc<Self>, session: &Arc<Session>) {
        let Some(crew) = &self.crew else { return };
        let parker = Parker::current();
        loop {
            parker.begin();
            let Some((link, left)) = self.read_once(session) else { break };
            let mut until = crew.hello_until();
            if until.is_some()
                && let Some((pid, namespace)) = session.hello()
            {
                link.peer_said_hello(pid, namespace);
                crew.hello_has_come();
                until = None;
            }
            if crew.has_calls() || !self.lock().followers.is_empty() {
                break;
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                session.hello_timeout(crew.hello_timeout().as_secs_f64());
            } else if let Some(left) = left
                && let Err(error) = parker.sleep_in(&link, Interest { read: true, write: left }, until)
            {
                session.abandon(error);
            }
        }
        self.leave(session);
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
        let incoming = session.take_incoming();
        if !incoming.is_empty() {
            match &self.crew {
                Some(crew) => crew.take(session, incoming),
                None => refuse(session, incoming),
            }
        }
        let left = session.write(&*link);
        if session.has_ended() {
            session.explain(&*link);
            self.close(session, link);
            return None;
        }
        Some((link, (taken != Taken::Some).then_some(left)))
    }

    /// The session is over: what is still to be said is said as far as there is room.
    fn close(&self, session: &Arc<Session>, link: Arc<dyn Link>) {
        session.write(&*link);
        let mut state = self.lock();
        state.link = None;
        state.buffer = Vec::new();
        let followers = std::mem::take(&mut state.followers);
        drop(state);
        link.wake();
        self.changed.notify_all();
        followers.into_iter().for_each(Wake::wake);
        if let Some(crew) = &self.crew {
            // The link is closed before the connection counts as over.
            drop(link);
            crew.end();
        }
    }
}

/// Nothing is served to a peer by the one who connected to it.
pub(super) fn refuse(session: &Arc<Session>, incoming: Vec<Incoming>) {
    for call in incoming {
        let text = Fault::MethodUnknown.text(&[&call.path.trim_start_matches('/')]);
        ServerCall::new(session, call).answer(None, None, Status::of(Code::Unimplemented, text));
    }
}
