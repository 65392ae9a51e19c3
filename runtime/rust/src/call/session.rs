//! A connection that several threads and tasks use: the lock around it, and where its events go.

mod driver;
mod events;
mod moving;
mod own;
mod streams;

use std::any::Any;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::thread::ThreadId;

use samehost_transport_api::{Link, LinkError, Peer};

use crate::connection::{
    Connection, ConnectionState, End, Message, Settings, Side, Status, StreamId, Waitlist, Wakes,
};
use crate::wire::MetadataBlock;

pub(crate) use driver::{Driver, Start, Starter};
pub(crate) use moving::Taken;
use moving::{Direct, Seen};
pub(crate) use own::{Own, Until};
pub(crate) use streams::{OpenRequest, Taker};

/// What a session tells its owner, outside of the lock and in no promised order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// No stream can be opened any more; those that are open go on.
    Draining,
    /// It is over.
    Over,
}

/// Who is told a session's notices.
pub(crate) type Observer = Box<dyn Fn(&Arc<Session>, Notice) + Send + Sync>;

/// Who calls by a connection that the peer has made: it is told the notices as well.
pub(crate) trait Back: Any + Send + Sync {
    fn noticed(&self, session: &Arc<Session>, notice: Notice);
}

/// A call that the peer opened.
pub(crate) struct Incoming {
    pub(crate) stream: StreamId,
    pub(crate) path: Arc<str>,
    pub(crate) deadline_nanos: Option<u64>,
    pub(crate) metadata: MetadataBlock,
    /// The request, where all of it has come at once.
    pub(crate) whole: Option<Message>,
}

/// A connection that several threads and tasks use. It wakes who waits at a stream, after its lock is released. It
/// never waits, and it touches a link only to read and write what is possible at once.
pub(crate) struct Session {
    peer: Peer,
    /// What carries the bytes, in the link's words.
    pub(crate) medium: Arc<str>,
    kept: OnceLock<Box<dyn Any + Send + Sync>>,
    /// The way back to whoever calls by this connection, once somebody has asked for it.
    back: OnceLock<Box<dyn Back>>,
    driver: Box<dyn Driver>,
    observer: Observer,
    seen: Seen,
    /// How often one who will act looks at the lock that another one has, before it sleeps.
    looks: u32,
    /// How many threads do so now: they take the lock as soon as it is free, act, and write what they find.
    spinning: AtomicU32,
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    /// Where whoever acts writes at once what that has brought about.
    direct: Option<Direct>,
    /// The thread whose output is held back, as it is about to bring about more.
    corked: Option<ThreadId>,
    incoming: Vec<Incoming>,
    openers: Waitlist,
    /// The whole story of the end, once the transport has told what it knows.
    explained: Option<LinkError>,
    /// How many bytes the link has taken in all.
    written: u64,
    /// Why the link takes nothing any more. It is told once all that the peer said before is read, which may tell more.
    broken: Option<LinkError>,
    /// The waker of a thread that has taken its own arrivals: most often it opens the next stream, too.
    spare: Option<Waker>,
}

/// What is to be done once the lock is released.
#[derive(Default)]
struct After {
    wakes: Wakes,
    notice: Option<Notice>,
    attend: bool,
    /// What the link takes was written.
    wrote: bool,
    /// The stream at which whoever acts takes by itself what has arrived.
    own: Option<StreamId>,
}

impl Session {
    pub(crate) fn new(
        side: Side,
        settings: Settings,
        peer: Peer,
        medium: Arc<str>,
        driver: Box<dyn Driver>,
        observer: Observer,
    ) -> Arc<Session> {
        let state = State {
            connection: Connection::new(side, settings),
            direct: None,
            corked: None,
            incoming: Vec::new(),
            openers: Waitlist::default(),
            explained: None,
            written: 0,
            broken: None,
            spare: None,
        };
        let seen = Seen::of(&state);
        let (looks, spinning, state) = (looks(), AtomicU32::new(0), Mutex::new(state));
        Arc::new(Session {
            peer,
            medium,
            kept: OnceLock::new(),
            back: OnceLock::new(),
            driver,
            observer,
            seen,
            looks,
            spinning,
            state,
        })
    }

    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What its surface, which is one, keeps with a connection: made when it is first asked for.
    pub(crate) fn kept<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> &T {
        self.kept.get_or_init(|| Box::new(make())).downcast_ref().expect("a connection has one surface")
    }

    /// The way back to whoever calls by this connection: made when it is first asked for.
    pub(crate) fn back<T: Back>(self: &Arc<Self>, make: impl FnOnce() -> T) -> &T {
        let back = self.back.get_or_init(|| Box::new(make()));
        // What was noticed before there was anybody to tell.
        if matches!(self.lock().connection.state(), ConnectionState::Draining | ConnectionState::Closed) {
            back.noticed(self, Notice::Over);
        }
        let back: &dyn Any = &**back;
        back.downcast_ref().expect("a connection has one way back")
    }

    fn tell(self: &Arc<Self>, notice: Notice) {
        (self.observer)(self, notice);
        if let Some(back) = self.back.get() {
            back.noticed(self, notice);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock, for one who will act. Whoever has it meanwhile may leave what is to be written to this one, but not
    /// once it sleeps: to wake it takes longer than a write.
    #[inline]
    fn lock_to_act(&self) -> MutexGuard<'_, State> {
        self.state.try_lock().unwrap_or_else(|_| self.lock_in_turn())
    }

    #[cold]
    fn lock_in_turn(&self) -> MutexGuard<'_, State> {
        self.spinning.fetch_add(1, Ordering::Relaxed);
        let found = (0..self.looks).find_map(|_| {
            std::hint::spin_loop();
            self.state.try_lock().ok()
        });
        self.spinning.fetch_sub(1, Ordering::Relaxed);
        found.unwrap_or_else(|| self.lock())
    }

    /// Does something under the lock, hands out the events that follow from it, and sees to the output.
    fn act<R>(self: &Arc<Self>, act: impl FnOnce(&mut State, &mut After) -> R) -> R {
        let (result, attend) = self.act_quietly(act);
        if attend {
            self.driver.attend(self);
        }
        result
    }

    /// As `act`, by the driver itself; answers whether there is something for it to do.
    fn act_quietly<R>(self: &Arc<Self>, act: impl FnOnce(&mut State, &mut After) -> R) -> (R, bool) {
        let mut after = After::default();
        let mut state = self.lock_to_act();
        let result = act(&mut state, &mut after);
        if state.connection.has_events() {
            state.hand_out(&mut after);
        }
        let mut left = !state.connection.outbound().is_empty();
        if left {
            let leaves = self.spinning.load(Ordering::Relaxed) > 0 && state.leaves_to_next();
            if !leaves {
                state.write_directly(&mut after);
                left = !state.connection.outbound().is_empty();
            }
            after.attend |= left && !leaves && !state.holds_back();
        }
        // Somebody must read what the peer has said.
        after.attend |= self.seen.note(&state, left);
        drop(state);
        if !after.wakes.is_empty() {
            after.wakes.for_each(Waker::wake);
        }
        if let Some(notice) = after.notice {
            self.tell(notice);
        }
        (result, after.attend)
    }

    // For drivers

    /// Whether the connection has ended and everybody was told.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().explained.is_some()
    }

    /// Tells all streams of the end, where the transport need not be asked about it.
    pub(crate) fn explain_at_once(self: &Arc<Self>) -> bool {
        self.act_quietly(|state, _| {
            let Some(closed) = state.connection.closed() else { return true };
            let asked =
                state.connection.peer_hello().is_none() || state.connection.owned_ids().next().is_some();
            if state.explained.is_none() && (!asked || closed.end == End::GoAway) {
                state.explained = Some(closed.error.clone());
            }
            state.explained.is_some()
        })
        .0
    }

    /// Asks the link why the connection has ended, then tells all streams. May wait for a second.
    pub(crate) fn explain(self: &Arc<Self>, link: &dyn Link) {
        if self.explain_at_once() {
            return;
        }
        let state = self.lock();
        let Some(closed) = state.connection.closed() else { return };
        let (error, malformed) = (closed.error.clone(), closed.end == End::Malformed);
        let silent = state.connection.peer_hello().is_none();
        let skipped = state.connection.skipped().to_vec();
        drop(state);
        let error = match silent {
            true => link.explain_silence(error, &skipped, skipped.len() as u64),
            false if malformed => error,
            false => link.explain(error),
        };
        self.act_quietly(|state, _| {
            state.explained.get_or_insert(error);
        });
    }

    /// The process that the peer said in its HELLO that it is, once it has said so.
    pub(crate) fn hello(&self) -> Option<(u64, u64)> {
        self.lock().connection.peer_hello().map(|hello| (hello.pid, hello.pid_namespace))
    }

    /// HELLO did not arrive in time.
    pub(crate) fn hello_timeout(self: &Arc<Self>, seconds: f64) {
        self.act(|state, _| state.connection.hello_timeout(seconds));
    }

    /// Whether both sides named this feature.
    pub(crate) fn has_feature(&self, name: &str) -> bool {
        self.lock().connection.has_feature(name)
    }

    /// The largest message that this side takes.
    pub(crate) fn max_message_bytes(&self) -> u32 {
        self.lock().connection.own_limits().max_message_bytes
    }

    /// Why it has ended, if it has.
    pub(crate) fn error(&self) -> Option<LinkError> {
        let state = self.lock();
        state.explained.clone().or_else(|| state.connection.closed().map(|closed| closed.error.clone()))
    }

    // For owners

    /// Opens no stream any more, and ends when the open ones are over.
    pub(crate) fn go_away(self: &Arc<Self>, text: &str) {
        self.act(|state, after| {
            state.connection.go_away(text);
            state.drain(after);
        });
    }

    /// Ends as soon as what is to be said is written; every open stream fails with the error, here
    /// and at the peer.
    pub(crate) fn shut_down(self: &Arc<Self>, error: &LinkError) {
        self.act(|state, after| {
            let text = error.to_string();
            for stream in state.connection.owned_ids().collect::<Vec<_>>() {
                let open = state.connection.owned(stream).is_some_and(|(half, _)| !half.is_finished());
                if open {
                    state.connection.reset(stream, error.code(), &text);
                }
                if open && let Some((inbox, waiters)) = state.connection.owned(stream) {
                    inbox.reset(Status::of(error.code(), text.clone()), false);
                    waiters.wake_all(&mut after.wakes);
                }
            }
            state.connection.go_away(&text);
            state.drain(after);
        });
    }

    /// Ends at once without a word, as nobody will move its bytes any more.
    pub(crate) fn abandon(self: &Arc<Self>, error: LinkError) {
        self.act_quietly(|state, _| {
            state.connection.link_failed(error.clone());
            state.explained.get_or_insert(error);
        });
    }
}

/// About two microseconds: what a write takes on most links. With one processor who looks keeps another one off it.
fn looks() -> u32 {
    static LOOKS: OnceLock<u32> = OnceLock::new();
    *LOOKS.get_or_init(|| {
        if std::thread::available_parallelism().is_ok_and(|count| count.get() > 1) { 64 } else { 0 }
    })
}

#[cfg(test)]
mod tests;
