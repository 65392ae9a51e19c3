//! A thread that waits, as a waker.

use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Wake, Waker};
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
    asleep: AtomicBool,
    /// The link in which the thread sleeps, or slept last.
    link: Mutex<Option<Weak<dyn Link>>>,
    /// Where that link is, for the thread itself: most often it is the same again.
    link_at: AtomicPtr<()>,
}

thread_local! {
    static CURRENT: (Arc<Parker>, Waker) = {
        let parker = Parker::new();
        (parker.clone(), parker.into())
    };
}

impl Parker {
    /// A parker for this thread, beside its own: for one who waits while others wait inside of what he waits for.
    pub(crate) fn new() -> Arc<Parker> {
        Arc::new(Parker {
            thread: thread::current(),
            woken: AtomicBool::new(false),
            offered: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            link: Mutex::new(None),
            link_at: AtomicPtr::default(),
        })
    }

    /// The parker of this thread, and its waker.
    pub(crate) fn with_current<R>(run: impl FnOnce(&Arc<Parker>, &Waker) -> R) -> R {
        CURRENT.with(|(parker, waker)| run(parker, waker))
    }

    /// The parker of this thread.
    pub(crate) fn current() -> Arc<Parker> {
        Parker::with_current(|parker, _| parker.clone())
    }

    fn is_current(self: &Arc<Parker>) -> bool {
        CURRENT.try_with(|(current, _)| Arc::ptr_eq(current, self)).unwrap_or(false)
    }

    /// Forgets the wakes so far: what they told of is looked at next.
    pub(crate) fn begin(&self) {
        if self.woken.load(Ordering::Relaxed) {
            // A swap, so that all that they told of is seen.
            self.woken.swap(false, Ordering::SeqCst);
        }
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
        let link_at = Arc::as_ptr(link).cast::<()>().cast_mut();
        if self.link_at.load(Ordering::Relaxed) != link_at {
            *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(link));
            // As long as it is remembered, no other link can be there.
            self.link_at.store(link_at, Ordering::Relaxed);
        }
        self.asleep.store(true, Ordering::SeqCst);
        // Whoever wakes this thread from here on wakes the link; who did before is seen here.
        let slept = if self.is_woken() { Ok(()) } else { link.wait(interest, left(until)).map(drop) };
        self.asleep.store(false, Ordering::Relaxed);
        slept
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
        if self.is_current() {
            // The thread itself does not sleep.
            return self.woken.store(true, Ordering::Relaxed);
        }
        if !self.woken.swap(true, Ordering::SeqCst) {
            self.thread.unpark();
            if self.asleep.load(Ordering::SeqCst) {
                let link = self.link.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(link) = link.and_then(|link| link.upgrade()) {
                    link.wake();
                }
            }
        }
    }
}
