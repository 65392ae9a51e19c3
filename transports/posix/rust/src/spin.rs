//! What comes before a sleep: a short busy wait, or with one processor a step aside.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a spin lasts at most, unless the link or `SAMEHOST_SPIN_MICROS` is told otherwise: about what
/// waking an idle processor costs twice.
const DEFAULT_LIMIT: Duration = Duration::from_micros(50);

/// How long a thread looks at most that others wait for meanwhile.
const GLANCE: Duration = Duration::from_micros(10);

/// The longest limit that is taken.
const MOST_LIMIT: Duration = Duration::from_millis(1);

/// How often the clock is passed over between two looks at it.
const LOOKS_A_CLOCK: u32 = 16;

/// So many misses a connection can afford, and so many a new one or one that tries again.
const MOST_CREDIT: u32 = 8;
const FIRST_CREDIT: u32 = 2;

/// So many short sleeps are awaited before spinning is tried again, at first and at most.
const FIRST_PATIENCE: u32 = 8;
const MOST_PATIENCE: u32 = 4096;

/// How often a thread gives way before it sleeps, where there is one processor. The first time is enough where the
/// peer is what runs next.
const MOST_YIELDS: u32 = 2;

/// How many threads of this process spin.
static SPINNERS: AtomicU32 = AtomicU32::new(0);

/// Decides, for one connection, whether its waits begin with looking again and again instead of
/// sleeping at once: waking an idle processor costs more than everything else that a short call does.
///
/// It spins only with two processors or more, while fewer than all but one of them have a spinner of
/// this process, for the limit at most, and only as long as that was of use lately: each hit earns
/// credit, each miss costs some. Without credit it sleeps at once, and tries again after a number of
/// sleeps that were short; that number doubles with every try that failed. So an idle connection sleeps,
/// and so does one whose peer is slow, or runs on the very processor on which it would be waited for.
///
/// With one processor it gives way to whoever else is ready to run, and looks then: a peer that has work to do does it
/// meanwhile, and neither of the two is put to sleep and woken. What takes longer than the limit is a miss even if
/// something is there by then, as somebody else had the processor: a thread that sleeps gets it back sooner.
///
/// The first looks are free, where they are cheap: for an answer that is about to come, the clock and the
/// count of spinners would cost more than the wait. It touches no descriptor itself.
pub struct Spin {
    free_looks: u32,
    limit_nanos: AtomicU64,
    credit: AtomicU32,
    /// How many short sleeps are still awaited where there is no credit, and how many the next time.
    awaited: AtomicU32,
    patience: AtomicU32,
    /// When an event loop began to sleep, in nanoseconds since the beginning; 0 where none does, or there is credit.
    asleep_since: AtomicU64,
    began: Instant,
}

impl Spin {
    /// Of a new connection, which gets a little credit. So many looks, at least one, come before the clock is
    /// read and the spinner is counted: together about a microsecond.
    pub fn new(free_looks: u32) -> Spin {
        Spin {
            free_looks,
            limit_nanos: AtomicU64::new(nanos(rules().limit)),
            credit: AtomicU32::new(FIRST_CREDIT),
            awaited: AtomicU32::new(0),
            patience: AtomicU32::new(FIRST_PATIENCE),
            asleep_since: AtomicU64::new(0),
            began: Instant::now(),
        }
    }

    /// How long a spin lasts at most, up to a millisecond; zero is never. From any thread.
    pub fn limit(&self, limit: Duration) {
        self.limit_nanos.store(nanos(limit.min(MOST_LIMIT)), Ordering::Relaxed);
    }

    /// How long a spin may last now; `None` where nobody spins.
    fn allowed(&self) -> Option<Duration> {
        let limit = self.limit_nanos.load(Ordering::Relaxed);
        (limit > 0).then(|| Duration::from_nanos(limit))
    }

    /// As [`allowed`](Spin::allowed), where there is credit.
    fn affordable(&self) -> Option<Duration> {
        self.allowed().filter(|_| self.credit.load(Ordering::Relaxed) > 0)
    }

    /// Looks again and again, for `timeout` at most, whether it is over; answers whether it was. One
    /// thread at a time.
    pub fn until(&self, timeout: Option<Duration>, over: impl FnMut() -> bool) -> bool {
        let Some(limit) = self.affordable() else { return false };
        let most = timeout.map_or(limit, |timeout| timeout.min(limit));
        self.spin(most, most == limit, over)
    }

    /// Whether [`glance`](Spin::glance) looks at all. Where it does not, an event loop is taken to sleep from here on.
    pub fn can_glance(&self) -> bool {
        let can = self.affordable().is_some();
        if !can && self.allowed().is_some() {
            self.asleep_since.store(self.now(), Ordering::Relaxed);
        }
        can
    }

    /// As [`until`](Spin::until), on a thread that has other things to do: for some microseconds at most.
    pub fn glance(&self, over: impl FnMut() -> bool) -> bool {
        self.affordable().is_some_and(|limit| self.spin(limit.min(GLANCE), true, over))
    }

    /// An event loop was woken, as there is something to do: remembers whether a spin would have been enough.
    pub fn awake(&self) {
        let since = self.asleep_since.load(Ordering::Relaxed);
        if since == 0 {
            return;
        }
        self.asleep_since.store(0, Ordering::Relaxed);
        let slept = Duration::from_nanos(self.now() - since);
        if self.allowed().is_some_and(|limit| slept < 2 * limit) {
            self.slept_shortly();
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// `counts`: a miss is one.
    fn spin(&self, most: Duration, counts: bool, mut over: impl FnMut() -> bool) -> bool {
        if rules().most_spinners == 0 {
            return self.give_way(over);
        }
        if looks(self.free_looks, &mut over) {
            self.hit();
            return true;
        }
        if SPINNERS.fetch_add(1, Ordering::Relaxed) >= rules().most_spinners {
            SPINNERS.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let hit = spin(most, &mut over);
        SPINNERS.fetch_sub(1, Ordering::Relaxed);
        if hit {
            self.hit();
        } else if counts {
            self.missed();
        }
        hit
    }

    /// Lets others have the only processor, among them perhaps whoever is waited for.
    fn give_way(&self, mut over: impl FnMut() -> bool) -> bool {
        let begin = Instant::now();
        let found = (0..MOST_YIELDS).any(|_| {
            thread::yield_now();
            over()
        });
        let in_time = self.allowed().is_some_and(|limit| begin.elapsed() < limit);
        if found && in_time {
            self.hit();
        } else {
            self.missed();
        }
        found
    }

    /// Sleeps by `sleep`, and remembers whether a spin would have been enough: whether it was short, and
    /// not in vain.
    pub fn asleep<T>(&self, sleep: impl FnOnce() -> T, of_use: impl FnOnce(&T) -> bool) -> T {
        let Some(limit) = self.allowed() else { return sleep() };
        let begin = Instant::now();
        let result = sleep();
        // Where there is credit a spin went before this, and was in vain. Being woken takes its time too, which a
        // spin would have saved.
        if self.credit.load(Ordering::Relaxed) == 0 && begin.elapsed() < 2 * limit && of_use(&result) {
            self.slept_shortly();
        }
        result
    }

    fn hit(&self) {
        let credit = self.credit.load(Ordering::Relaxed);
        if credit < MOST_CREDIT {
            self.credit.store(credit + 1, Ordering::Relaxed);
        } else if self.patience.load(Ordering::Relaxed) != FIRST_PATIENCE {
            self.patience.store(FIRST_PATIENCE, Ordering::Relaxed);
        }
    }

    fn missed(&self) {
        let credit = self.credit.load(Ordering::Relaxed).saturating_sub(1);
        self.credit.store(credit, Ordering::Relaxed);
        if credit == 0 {
            let patience = self.patience.load(Ordering::Relaxed);
            self.awaited.store(patience, Ordering::Relaxed);
            self.patience.store((2 * patience).min(MOST_PATIENCE), Ordering::Relaxed);
        }
    }

    fn slept_shortly(&self) {
        let awaited = self.awaited.load(Ordering::Relaxed).saturating_sub(1);
        self.awaited.store(awaited, Ordering::Relaxed);
        if awaited == 0 {
            self.credit.store(FIRST_CREDIT, Ordering::Relaxed);
        }
    }
}

fn spin(limit: Duration, over: &mut impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    loop {
        if looks(LOOKS_A_CLOCK, over) {
            return true;
        }
        if begin.elapsed() >= limit {
            return false;
        }
    }
}

fn looks(most: u32, over: &mut impl FnMut() -> bool) -> bool {
    for _ in 0..most {
        if over() {
            return true;
        }
        std::hint::spin_loop();
    }
    false
}

/// Of a time that is at most [`MOST_LIMIT`].
fn nanos(limit: Duration) -> u64 {
    limit.as_nanos() as u64
}

struct Rules {
    limit: Duration,
    /// None where there is one processor.
    most_spinners: u32,
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let told = std::env::var("SAMEHOST_SPIN_MICROS").ok().and_then(|text| text.trim().parse().ok());
        let limit = told.map_or(DEFAULT_LIMIT, Duration::from_micros).min(MOST_LIMIT);
        let processors = thread::available_parallelism().map_or(1, |count| count.get() as u32);
        Rules { limit, most_spinners: processors - 1 }
    })
}

#[cfg(test)]
mod tests;
