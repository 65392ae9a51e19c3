//! A thread that waits, as a waker.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use samehost_transport_api::{Interest, Link, LinkError};

/// A thread that waits: parked, or asleep in a link that it reads for itself and others. It is woken
/// as a task is, by its waker, from any thread; a wake is never lost.
pub(crate) struct Parker {
    thread: Thread,
    woken: AtomicBool,
    /// The reader role is offered to it.
    offered: AtomicBool,
    /// The link in which the thread sleeps.
    asleep_in: Mutex<Option<Arc<dyn Link>>>,
}

thread_local! {
    static CURRENT: Arc<Parker> = Parker::new();
}

impl Parker {
    /// A parker for this thread, beside its own: for one who waits while others wait inside of what he waits for.
    pub(crate) fn new() -> Arc<Parker> {
        Arc::new(Parker {
            thread: thread::current(),
            woken: AtomicBool::new(false),
            offered: AtomicBool::new(false),
            asleep_in: Mutex::new(None),
        })
    }

    /// The parker of this thread.
    pub(crate) fn current() -> Arc<Parker> {
        CURRENT.with(Arc::clone)
    }

    /// Forgets the wakes so far: what they told of is looked at next.
    pub(crate) fn begin(&self) {
        self.woken.store(false, Ordering::SeqCst);
    }

    /// Whether it was woken since.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }

    /// Offers the reader role to the thread, or takes the offer back: its park ends, but it counts as woken no more than before.
    pub(crate) fn offer(&self, offered: bool) {
        self.offered.store(offered, Ordering::SeqCst);
        if offered {
            self.thread.unpark();
        }
    }

    /// Parks this thread until it is woken or is offered the reader role, at most until then.
    pub(crate) fn park(&self, until: Option<Instant>) {
        while !self.is_woken() && !self.offered.load(Ordering::SeqCst) {
            match left(until) {
                Some(Duration::ZERO) => return,
                Some(left) => thread::park_timeout(left),
                None => thread::park(),
            }
        }
    }

    /// Sleeps in a link until it is ready, or this thread is woken, or at most until then.
    pub(crate) fn sleep_in(
        &self,
        link: &Arc<dyn Link>,
        interest: Interest,
        until: Option<Instant>,
    ) -> Result<(), LinkError> {
        self.set_asleep(Some(link.clone()));
        // Whoever wakes this thread from here on wakes the link; who did before is seen here.
        let slept = if self.is_woken() { Ok(()) } else { link.wait(interest, left(until)).map(drop) };
        self.set_asleep(None);
        slept
    }

    fn set_asleep(&self, link: Option<Arc<dyn Link>>) {
        *self.asleep_in.lock().unwrap_or_else(PoisonError::into_inner) = link;
    }
}

fn left(until: Option<Instant>) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(Instant::now()))
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.thread.unpark();
            if let Some(link) = &*self.asleep_in.lock().unwrap_or_else(PoisonError::into_inner) {
                link.wake();
            }
        }
    }
}
