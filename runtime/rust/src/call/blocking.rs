//! Waiting for a call on a thread of the caller's.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::channel::Starter;
use super::park::Parker;
use super::reader::{Reader, ThreadDriver};
use super::session::Session;

/// Polls until something is ready, at most until then; in between this thread waits, and reads the
/// session that `session` names, for itself and for others. `None`: the time is over.
pub(crate) fn block_on<P, T>(
    polled: &mut P,
    until: Option<Instant>,
    mut poll: impl FnMut(&mut P, &Context<'_>) -> Poll<T>,
    session: impl Fn(&P) -> Option<Arc<Session>>,
) -> Option<T> {
    Parker::with_current(|parker, waker| {
        let cx = Context::from_waker(waker);
        let mut begins = true;
        loop {
            parker.begin();
            if let Poll::Ready(ready) = poll(polled, &cx) {
                return Some(ready);
            }
            // The first wait looks at the clock by itself, before it sleeps.
            if !std::mem::take(&mut begins) && until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            match session(polled) {
                Some(session) => match session.reader() {
                    Some(reader) => reader.wait(&session, parker, until),
                    None => parker.park(until),
                },
                None => parker.park(until),
            }
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
