//! Waiting for a call on a thread of the caller's.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::park::Parker;
use super::reader::{Reader, ThreadDriver};
use super::session::{Own, Session, Starter};

/// A thread that waits, and how long.
#[derive(Clone, Copy)]
pub(crate) struct Pause<'a> {
    parker: &'a Arc<Parker>,
    until: Option<Instant>,
}

impl Pause<'_> {
    /// Waits at a session, if there is one: this thread reads it for itself and for others.
    pub(crate) fn at(self, session: Option<&Arc<Session>>) {
        self.at_stream(session, &mut None);
    }

    /// As `at`; what arrives at this thread's own stream is taken as it is read.
    #[inline]
    pub(super) fn at_stream(self, session: Option<&Arc<Session>>, own: &mut Option<Own<'_>>) {
        match session {
            Some(session) => session.wait(self.parker, self.until, own),
            None => self.parker.park(self.until),
        }
    }
}

/// Polls until something is ready, at most until then; in between this thread pauses as `pause` says. `None`: the time
/// is over.
#[inline]
pub(crate) fn block_on<P, T>(
    polled: &mut P,
    until: Option<Instant>,
    mut poll: impl FnMut(&mut P, &Context<'_>) -> Poll<T>,
    mut pause: impl FnMut(&mut P, Pause<'_>),
) -> Option<T> {
    Parker::with_current(|parker, waker| {
        let cx = Context::from_waker(waker);
        let mut begins = true;
        loop {
            parker.begin();
            if let Poll::Ready(ready) = poll(polled, &cx) {
                return Some(ready);
            }
            // The first pause looks at the clock by itself, before it sleeps.
            if !std::mem::take(&mut begins) && until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            pause(polled, Pause { parker, until });
        }
    })
}

/// Starts sessions that the calling threads read.
pub(crate) fn starter() -> Starter {
    Arc::new(|| {
        let reader = Reader::new();
        let driver = Box::new(ThreadDriver(reader.clone()));
        (driver, Box::new(move |session, link| reader.start(&session, link)))
    })
}
