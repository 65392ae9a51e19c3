//! How the bytes of a session move: what is read, what is written, and by whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use samehost_transport_api::{Link, LinkError, Read};

use super::{After, Incoming, Own, Session, State};

/// So many bytes of several callers are written by one of them, and no more.
pub(super) const LEFT_BYTES: usize = 16 << 10;

/// How the reading of a link went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Some,
    Nothing,
    /// The link has ended or failed: there is nothing more to read.
    End,
}

/// What there was to see when the lock was last released: whoever moves the bytes looks without it. What changes
/// later comes with a call of [`Driver::attend`](super::Driver::attend).
pub(super) struct Seen {
    began: Instant,
    ended: AtomicBool,
    /// The link takes nothing any more.
    broken: AtomicBool,
    /// A stream is open, or output is left.
    busy: AtomicBool,
    output_left: AtomicBool,
    /// A thread holds its output back.
    corked: AtomicBool,
    /// When an idle connection was last looked at, in nanoseconds since its beginning.
    refreshed: AtomicU64,
}

impl Seen {
    pub(super) fn of(state: &State) -> Seen {
        let seen = Seen {
            began: Instant::now(),
            ended: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            output_left: AtomicBool::new(false),
            corked: AtomicBool::new(false),
            refreshed: AtomicU64::new(0),
        };
        seen.note(state, !state.connection.outbound().is_empty());
        seen
    }

    /// Called under the lock. Answers whether the link is broken, and the end is still to be told.
    #[inline]
    pub(super) fn note(&self, state: &State, output_left: bool) -> bool {
        let connection = &state.connection;
        let broken = state.broken.is_some() && connection.closed().is_none();
        self.ended.store(connection.closed().is_some(), Ordering::Release);
        self.broken.store(broken, Ordering::Release);
        self.output_left.store(output_left, Ordering::Release);
        self.busy.store(output_left || broken || connection.open_streams() > 0, Ordering::Release);
        broken
    }
}

/// The link to which whoever acts writes at once.
pub(super) struct Direct {
    link: Arc<dyn Link>,
    /// Only while one stream is open: of several calls the driver writes the frames together.
    alone: bool,
}

impl Session {
    /// From now on whoever acts writes to this link at once, and the driver attends to what it does not take. `alone`:
    /// only while one stream is open.
    pub(crate) fn write_directly(&self, link: Arc<dyn Link>, alone: bool) {
        self.lock().direct = Some(Direct { link, alone });
    }

    /// The link is about to be closed.
    pub(crate) fn stop_writing_directly(&self) {
        let direct = self.lock().direct.take();
        drop(direct);
    }

    /// Holds the output of this thread back, as it is about to bring about more. Meanwhile it is written by any other
    /// thread that acts, or begins to read.
    pub(crate) fn cork(self: &Arc<Self>) {
        let mut state = self.lock();
        state.corked = Some(thread::current().id());
        self.seen.corked.store(true, Ordering::SeqCst);
    }

    /// Writes what was held back, and has nothing held back any more.
    #[inline]
    pub(crate) fn uncork(self: &Arc<Self>) {
        if self.seen.corked.load(Ordering::SeqCst) {
            self.act(|state, _| {
                state.corked = None;
                self.seen.corked.store(false, Ordering::SeqCst);
            });
        }
    }

    /// Takes in what the link has, as much as fits into the buffer. One thread at a time.
    pub(crate) fn read(self: &Arc<Self>, link: &dyn Link, buffer: &mut [u8]) -> Taken {
        self.read_with(link, buffer, |_, _| {})
    }

    /// As [`read`](Session::read), and takes the calls that have come, and what the reader waits for itself.
    #[inline]
    pub(crate) fn read_calls(
        self: &Arc<Self>,
        link: &dyn Link,
        buffer: &mut [u8],
        calls: &mut Vec<Incoming>,
        own: Option<&mut Own<'_>>,
    ) -> Taken {
        self.read_with(link, buffer, |state, after| {
            after.own = own.as_ref().map(|own| own.stream());
            state.hand_out(after);
            if !state.incoming.is_empty() {
                match calls.is_empty() {
                    true => std::mem::swap(calls, &mut state.incoming),
                    false => calls.append(&mut state.incoming),
                }
            }
            if let Some(own) = own {
                state.take_own(own, after);
            }
        })
    }

    #[inline]
    fn read_with(
        self: &Arc<Self>,
        link: &dyn Link,
        buffer: &mut [u8],
        take: impl FnOnce(&mut State, &mut After),
    ) -> Taken {
        let read = match link.read(buffer) {
            Ok(Read::Empty) if !self.is_broken() => return Taken::Nothing,
            read => read,
        };
        self.act_quietly(|state, after| match read {
            Ok(Read::Bytes(count)) => {
                state.connection.receive(&buffer[..count]);
                take(state, after);
                Taken::Some
            }
            Ok(end @ (Read::Empty | Read::End)) => match state.broken.take() {
                Some(error) => {
                    state.connection.link_failed(error);
                    Taken::End
                }
                None if end == Read::Empty => Taken::Nothing,
                None => {
                    state.connection.receive_end();
                    Taken::End
                }
            },
            Err(error) => {
                state.connection.link_failed(error);
                Taken::End
            }
        })
        .0
    }

    /// Writes what the link takes; answers whether something is left that it did not take.
    #[inline]
    pub(crate) fn write(self: &Arc<Self>, link: &dyn Link) -> bool {
        self.seen.output_left.load(Ordering::Acquire) && self.write_rest(link)
    }

    #[inline(never)]
    fn write_rest(self: &Arc<Self>, link: &dyn Link) -> bool {
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

    /// Whether the link takes nothing any more, and the end comes when all that the peer has said is read.
    pub(crate) fn is_broken(&self) -> bool {
        self.seen.broken.load(Ordering::Acquire)
    }

    /// Whether an idle connection was not looked at for so long; if so, it counts as looked at from now on.
    pub(crate) fn is_stale(&self, now: Instant, after: Duration) -> bool {
        let now = now.saturating_duration_since(self.seen.began).as_nanos() as u64;
        let last = self.seen.refreshed.load(Ordering::Relaxed);
        let stale = now.saturating_sub(last) >= after.as_nanos() as u64;
        if stale {
            self.seen.refreshed.store(now, Ordering::Relaxed);
        }
        stale
    }

    /// The calls that have come since the last time.
    pub(crate) fn take_incoming(&self) -> Vec<Incoming> {
        std::mem::take(&mut self.lock().incoming)
    }

    /// Whether somebody has to move bytes: a stream is open, or output is waiting.
    pub(crate) fn is_busy(&self) -> bool {
        self.seen.busy.load(Ordering::Acquire)
    }
}

impl State {
    pub(super) fn holds_back(&self) -> bool {
        self.corked.is_some_and(|corked| corked == thread::current().id())
    }

    /// Whether what is to be written may be left to whoever acts next: there is little of it, and nobody holds anything
    /// back.
    pub(super) fn leaves_to_next(&self) -> bool {
        self.corked.is_none() && self.connection.outbound().len() < LEFT_BYTES
    }

    /// Writes what the link takes; answers whether something is left.
    #[inline]
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
                    self.output_broke(error);
                    return false;
                }
            }
        }
    }

    /// Writes what was brought about, which is something, where whoever acts does that.
    pub(super) fn write_directly(&mut self, after: &mut After) {
        if after.wrote || self.holds_back() {
            return;
        }
        let Some(direct) = self.direct.take() else { return };
        if !direct.alone || self.connection.open_streams() <= 1 {
            self.flush(&*direct.link);
            if self.connection.has_events() {
                self.hand_out(after);
            }
        }
        self.direct = Some(direct);
    }

    /// The link takes nothing any more. Whoever reads takes in what the peer has said before: a GOAWAY says why.
    fn output_broke(&mut self, error: LinkError) {
        if self.connection.peer_hello().is_some() && self.connection.closed().is_none() {
            self.connection.drop_output();
            self.broken.get_or_insert(error);
        } else {
            self.connection.link_failed(error);
        }
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
}
