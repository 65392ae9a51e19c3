//! Deadlines that nobody waits for.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is done at a deadline: something short, that waits for nobody and runs nothing of the application's.
pub(crate) type Alarm = Box<dyn FnOnce() + Send>;

/// How long the thread stays without work.
const IDLENESS: Duration = Duration::from_secs(10);

/// Deadlines that no thread waits for, on one thread for the process, which is there while it is needed.
#[derive(Default)]
pub(crate) struct Timers {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    alarms: BTreeMap<(Instant, u64), Alarm>,
    last: u64,
    runs: bool,
    /// When the thread wakes up by itself.
    until: Option<Instant>,
}

/// An alarm that is set. Dropping it takes it back.
pub(crate) struct Timer {
    timers: &'static Timers,
    key: (Instant, u64),
}

static TIMERS: AtomicPtr<Timers> = AtomicPtr::new(std::ptr::null_mut());

impl Timers {
    /// Those of this process.
    pub(crate) fn get() -> &'static Timers {
        let known = TIMERS.load(Ordering::Acquire);
        // SAFETY: what was put there lives as long as the process.
        if let Some(known) = unsafe { known.as_ref() } {
            return known;
        }
        let made = Box::into_raw(Box::new(Timers::default()));
        let null = std::ptr::null_mut();
        match TIMERS.compare_exchange(null, made, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it was just made, and lives as long as the process.
            Ok(_) => unsafe { &*made },
            Err(known) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
                // SAFETY: as above, what was put there lives as long as the process.
                unsafe { &*known }
            }
        }
    }

    /// In a forked child: the thread is the parent's, and so are all alarms. Theirs are left as they are.
    pub(crate) fn forget_after_fork() {
        TIMERS.store(std::ptr::null_mut(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something done at a time.
    pub(crate) fn at(&'static self, time: Instant, alarm: Alarm) -> Timer {
        let mut state = self.lock();
        state.last += 1;
        let key = (time, state.last);
        state.alarms.insert(key, alarm);
        if !state.runs {
            state.runs = true;
            state.until = None;
            let thread = std::thread::Builder::new().name("samehost-timer".to_owned());
            if let Err(error) = thread.spawn(move || self.run()) {
                // The next alarm tries again; this one may come late.
                tracing::warn!(%error, "no thread for deadlines");
                state.runs = false;
            }
        } else if state.until.is_some_and(|until| time < until) {
            drop(state);
            self.changed.notify_one();
        }
        Timer { timers: self, key }
    }

    fn run(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let first = state.alarms.first_key_value().map(|(&(time, _), _)| time);
            if first.is_some_and(|time| time <= now) {
                let alarm = state.alarms.pop_first();
                drop(state);
                if let Some((_, alarm)) = alarm {
                    // Who is woken or records a span is the application's: what panics there must not end all deadlines.
                    let _ = catch_unwind(AssertUnwindSafe(alarm));
                }
                state = self.lock();
                continue;
            }
            let until = first.unwrap_or(now + IDLENESS);
            state.until = Some(until);
            let wait = self.changed.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner);
            state = wait.0;
            if wait.1.timed_out() && state.alarms.is_empty() {
                state.runs = false;
                return;
            }
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let alarm = self.timers.lock().alarms.remove(&self.key);
        // What it holds is dropped without the lock.
        drop(alarm);
    }
}

/// An alarm that holds what it concerns weakly: it does nothing once that has gone.
pub(crate) fn weakly<T: Send + Sync + 'static>(
    of: &Arc<T>,
    alarm: impl FnOnce(Arc<T>) + Send + 'static,
) -> Alarm {
    let of = Arc::downgrade(of);
    Box::new(move || {
        if let Some(of) = of.upgrade() {
            alarm(of);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const SOON: Duration = Duration::from_secs(30);

    #[test]
    fn alarms_ring_in_the_order_of_their_times() {
        let (tell, told) = channel();
        let now = Instant::now();
        let _timers = [30, 10, 20].map(|millis| {
            let tell = tell.clone();
            let time = now + Duration::from_millis(millis);
            Timers::get().at(time, Box::new(move || tell.send((millis, Instant::now() >= time)).unwrap()))
        });
        let rung: Vec<_> = (0..3).map(|_| told.recv_timeout(SOON).unwrap()).collect();
        assert_eq!(rung, [(10, true), (20, true), (30, true)]);
    }

    #[test]
    fn an_alarm_that_is_dropped_does_not_ring() {
        let (tell, told) = channel();
        let now = Instant::now();
        let dropped = {
            let tell = tell.clone();
            Timers::get().at(now + Duration::from_millis(20), Box::new(move || tell.send("dropped").unwrap()))
        };
        let _kept =
            Timers::get().at(now + Duration::from_millis(40), Box::new(move || tell.send("kept").unwrap()));
        drop(dropped);
        assert_eq!(told.recv_timeout(SOON), Ok("kept"));
    }

    #[test]
    fn an_alarm_that_panics_is_alone_in_that() {
        let (tell, told) = channel();
        let now = Instant::now();
        let _panics = Timers::get().at(now + Duration::from_millis(10), Box::new(|| panic!("on purpose")));
        let _rings =
            Timers::get().at(now + Duration::from_millis(20), Box::new(move || tell.send(()).unwrap()));
        assert_eq!(told.recv_timeout(SOON), Ok(()));
    }
}
