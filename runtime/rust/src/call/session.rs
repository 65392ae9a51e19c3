//! A connection that several threads and tasks use: the lock around it, and where its events go.

mod streams;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use samehost_transport_api::{Link, LinkError, Peer, Read};

use super::ids::HashIds;
use super::inbox::{Arrival, Inbox};
use super::reader::Reader;
use super::waitlist::Waitlist;
use super::{Cause, Connection, ConnectionState, End, Event, Settings, Side, Status, StreamId};
use crate::wire::MetadataBlock;

pub(crate) use streams::OpenRequest;

/// Whoever moves a session's bytes: a task, or the threads that call. [`attend`](Driver::attend) is
/// called without the lock by any thread, whenever there is something to write or an end to explain.
pub(crate) trait Driver: Send + Sync {
    fn attend(&self, session: &Arc<Session>);

    /// The role of reading, where the threads that wait take turns at it.
    fn reader(&self) -> Option<&Arc<Reader>> {
        None
    }
}

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

/// A call that the peer opened.
pub(crate) struct Incoming {
    pub(crate) stream: StreamId,
    pub(crate) path: Arc<str>,
    pub(crate) deadline_nanos: Option<u64>,
    pub(crate) metadata: MetadataBlock,
}

/// A connection that several threads and tasks use. It puts the events of each stream into that
/// stream's inbox and wakes who waits there, after its lock is released. It never waits, and it
/// touches a link only to read and write what is possible at once.
pub(crate) struct Session {
    peer: Peer,
    /// What carries the bytes, in the link's words.
    pub(crate) medium: Arc<str>,
    driver: Box<dyn Driver>,
    observer: Observer,
    began: Instant,
    seen: Seen,
    state: Mutex<State>,
}

/// What there was to see when the lock was last released: whoever moves the bytes looks without it. What changes
/// later comes with a call of [`Driver::attend`].
#[derive(Default)]
struct Seen {
    ended: AtomicBool,
    /// A stream is open, or output is left.
    busy: AtomicBool,
    output_left: AtomicBool,
    /// When an idle connection was last looked at, in nanoseconds since its beginning.
    refreshed: AtomicU64,
}

struct State {
    connection: Connection,
    /// Where whoever acts writes at once what that has brought about.
    direct: Option<Arc<dyn Link>>,
    /// The thread whose output is held back, as it is about to bring about more.
    corked: Option<ThreadId>,
    inboxes: HashMap<StreamId, Inbox, HashIds>,
    incoming: Vec<Incoming>,
    openers: Waitlist,
    /// The whole story of the end, once the transport has told what it knows.
    explained: Option<LinkError>,
    /// How many bytes the link has taken in all.
    written: u64,
}

/// What is to be done once the lock is released.
#[derive(Default)]
struct After {
    wakes: Vec<Waker>,
    notice: Option<Notice>,
    attend: bool,
    /// What the link takes was written.
    wrote: bool,
}

/// How the reading of a link went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Some,
    Nothing,
    /// The link has ended or failed: there is nothing more to read.
    End,
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
            inboxes: HashMap::default(),
            incoming: Vec::new(),
            openers: Waitlist::default(),
            explained: None,
            written: 0,
        };
        let (seen, began) = (Seen::default(), Instant::now());
        seen.output_left.store(!state.connection.outbound().is_empty(), Ordering::Relaxed);
        Arc::new(Session { peer, medium, driver, observer, began, seen, state: Mutex::new(state) })
    }

    /// The role of reading, where the threads that wait take turns at it.
    pub(crate) fn reader(&self) -> Option<&Arc<Reader>> {
        self.driver.reader()
    }

    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut state = self.lock();
        let result = act(&mut state, &mut after);
        state.hand_out(&mut after);
        state.write_directly(&mut after);
        let left = !state.connection.outbound().is_empty();
        after.attend |= left && !state.holds_back();
        self.seen.ended.store(state.connection.closed().is_some(), Ordering::Release);
        self.seen.output_left.store(left, Ordering::Release);
        self.seen.busy.store(left || state.connection.open_streams() > 0, Ordering::Release);
        drop(state);
        after.wakes.into_iter().for_each(Waker::wake);
        if let Some(notice) = after.notice {
            (self.observer)(self, notice);
        }
        (result, after.attend)
    }

    // For drivers

    /// From now on whoever acts writes to this link at once, and the driver attends to what it does not take.
    pub(crate) fn write_directly(&self, link: Arc<dyn Link>) {
        self.lock().direct = Some(link);
    }

    /// The link is about to be closed.
    pub(crate) fn stop_writing_directly(&self) {
        let direct = self.lock().direct.take();
        drop(direct);
    }

    /// Holds the output of this thread back, as it is about to bring about more, or no longer does. Meanwhile it is
    /// written by any other thread that acts, or reads.
    pub(crate) fn cork(self: &Arc<Self>, corked: bool) {
        self.act(|state, _| state.corked = corked.then(|| thread::current().id()));
    }

    /// Takes in what the link has, as much as fits into the buffer. One thread at a time.
    pub(crate) fn read(self: &Arc<Self>, link: &dyn Link, buffer: &mut [u8]) -> Taken {
        self.read_calls(link, buffer, None)
    }

    /// As [`read`](Session::read), and takes the calls that have come.
    pub(crate) fn read_calls(
        self: &Arc<Self>,
        link: &dyn Link,
        buffer: &mut [u8],
        calls: Option<&mut Vec<Incoming>>,
    ) -> Taken {
        let read = match link.read(buffer) {
            Ok(Read::Empty) => return Taken::Nothing,
            read => read,
        };
        self.act_quietly(|state, after| match read {
            Ok(Read::Bytes(count)) => {
                state.connection.receive(&buffer[..count]);
                if let Some(calls) = calls {
                    state.hand_out(after);
                    calls.append(&mut state.incoming);
                }
                Taken::Some
            }
            Ok(Read::Empty) => Taken::Nothing,
            Ok(Read::End) => {
                state.connection.receive_end();
                Taken::End
            }
            Err(error) => {
                state.connection.link_failed(error);
                Taken::End
            }
        })
        .0
    }

    /// Writes what the link takes; answers whether something is left that it did not take.
    pub(crate) fn write(self: &Arc<Self>, link: &dyn Link) -> bool {
        if !self.seen.output_left.load(Ordering::Acquire) {
            return false;
        }
        self.act_quietly(|state, after| {
            after.wrote = true;
            state.flush(link)
        })
        .0
    }

    /// Whether the connection has ended, explained or not.
    pub(crate) fn has_ended(&self) -> bool {
        self.seen.ended.load(Ordering::Acquire)
    }

    /// Whether output is left that the link did not take.
    pub(crate) fn has_output_left(&self) -> bool {
        self.seen.output_left.load(Ordering::Acquire)
    }

    /// Whether an idle connection was not looked at for so long; if so, it counts as looked at from now on.
    pub(crate) fn is_stale(&self, now: Instant, after: Duration) -> bool {
        let now = now.saturating_duration_since(self.began).as_nanos() as u64;
        let last = self.seen.refreshed.load(Ordering::Relaxed);
        let stale = now.saturating_sub(last) >= after.as_nanos() as u64;
        if stale {
            self.seen.refreshed.store(now, Ordering::Relaxed);
        }
        stale
    }

    /// Whether the connection has ended and everybody was told.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().explained.is_some()
    }

    /// Tells all streams of the end, where the transport need not be asked about it.
    pub(crate) fn explain_at_once(self: &Arc<Self>) -> bool {
        self.act_quietly(|state, _| {
            let Some(closed) = state.connection.closed() else { return true };
            let asked = state.connection.peer_hello().is_none() || !state.inboxes.is_empty();
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

    /// The calls that have come since the last time.
    pub(crate) fn take_incoming(&self) -> Vec<Incoming> {
        std::mem::take(&mut self.lock().incoming)
    }

    /// Whether somebody has to move bytes: a stream is open, or output is waiting.
    pub(crate) fn is_busy(&self) -> bool {
        self.seen.busy.load(Ordering::Acquire)
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
            state.openers.all(&mut after.wakes);
        });
    }

    /// Ends as soon as what is to be said is written; every open stream fails with the error, here
    /// and at the peer.
    pub(crate) fn shut_down(self: &Arc<Self>, error: &LinkError) {
        self.act(|state, after| {
            let text = error.to_string();
            for (&stream, inbox) in &mut state.inboxes {
                if !inbox.is_over() {
                    state.connection.reset(stream, error.code(), &text);
                    inbox.put(Arrival::reset(error.code(), &text), &mut after.wakes);
                }
            }
            state.connection.go_away(&text);
            state.openers.all(&mut after.wakes);
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

impl State {
    fn holds_back(&self) -> bool {
        self.corked.is_some_and(|corked| corked == thread::current().id())
    }

    /// Writes what the link takes; answers whether something is left.
    fn flush(&mut self, link: &dyn Link) -> bool {
        loop {
            let outbound = self.connection.outbound();
            if outbound.is_empty() {
                return false;
            }
            match link.write(outbound) {
                Ok(0) => return true,
                Ok(count) => {
                    self.connection.sent(count);
                    self.written += count as u64;
                }
                Err(error) => {
                    self.take_last_words(link);
                    self.connection.link_failed(error);
                    return false;
                }
            }
        }
    }

    /// Writes what was brought about, where whoever acts does that.
    fn write_directly(&mut self, after: &mut After) {
        if after.wrote || self.holds_back() || self.connection.outbound().is_empty() {
            return;
        }
        let Some(link) = self.direct.take() else { return };
        self.flush(&*link);
        self.direct = Some(link);
        self.hand_out(after);
    }

    /// Where the peer takes nothing any more, and has said no HELLO yet: takes in what it has said, as
    /// that tells more. Later on this is left to whoever reads; until then one thread moves all bytes.
    fn take_last_words(&mut self, link: &dyn Link) {
        let mut buffer = [0; 4096];
        while self.connection.peer_hello().is_none() && self.connection.closed().is_none() {
            match link.read(&mut buffer) {
                Ok(Read::Bytes(count)) => self.connection.receive(&buffer[..count]),
                Ok(Read::End) => self.connection.receive_end(),
                Ok(Read::Empty) | Err(_) => return,
            }
        }
    }

    /// Puts every event where it belongs.
    fn hand_out(&mut self, after: &mut After) {
        if self.connection.closed().is_some() && self.explained.is_none() {
            // Nobody is told of the end before the transport has been asked about it.
            after.attend = true;
            return;
        }
        while let Some(event) = self.connection.next_event() {
            match event {
                Event::Opened { stream, path, deadline_nanos, metadata } => {
                    let mut inbox = Inbox::default();
                    inbox.wants_request();
                    self.inboxes.insert(stream, inbox);
                    self.incoming.push(Incoming { stream, path, deadline_nanos, metadata });
                    self.connection.request(stream, 1);
                    after.attend = true;
                }
                Event::Headers { stream, metadata } => self.put(stream, Arrival::Headers(metadata), after),
                Event::Message { stream, message } => self.put(stream, Arrival::Message(message), after),
                Event::HalfClosed { stream } => self.put(stream, Arrival::HalfClosed, after),
                Event::Status { stream, status } => self.put(stream, Arrival::Status(status), after),
                Event::Reset { stream, code, text, refused, cause } => {
                    let (code, text) = match (&self.explained, cause) {
                        (Some(error), Cause::Connection) => (error.code(), error.to_string()),
                        _ => (code, text),
                    };
                    let unsent = self.inboxes.get(&stream).is_some_and(|inbox| inbox.is_unsent(self.written));
                    let refused = refused || unsent && cause == Cause::Connection;
                    self.put(stream, Arrival::Reset { status: Status::of(code, text), refused }, after);
                }
                Event::Finished { stream } => {
                    if let Some(inbox) = self.inboxes.get_mut(&stream) {
                        inbox.finished(&mut after.wakes);
                    }
                }
                Event::Ready { stream } => {
                    if let Some(inbox) = self.inboxes.get_mut(&stream) {
                        inbox.ready(&mut after.wakes);
                    }
                }
                Event::GoAway { .. } => {
                    self.openers.all(&mut after.wakes);
                    after.notice.get_or_insert(Notice::Draining);
                }
                Event::Hello { .. } | Event::CanOpen => self.next_opener(after),
                Event::Pong { .. } => {}
                Event::Closed(_) => {
                    self.openers.all(&mut after.wakes);
                    after.notice = Some(Notice::Over);
                    after.attend = true;
                }
            }
        }
    }

    fn put(&mut self, stream: StreamId, arrival: Arrival, after: &mut After) {
        if let Some(inbox) = self.inboxes.get_mut(&stream) {
            inbox.put(arrival, &mut after.wakes);
        }
    }

    /// The next one that waits for its turn to open has it, where one can be opened.
    fn next_opener(&mut self, after: &mut After) {
        if self.connection.state() == ConnectionState::Open && self.connection.can_open() {
            after.wakes.extend(self.openers.next());
        }
    }
}

#[cfg(test)]
mod tests;
