//! A short busy wait before a sleep.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a spin lasts at most, unless `SAMEHOST_SPIN_MICROS` says otherwise: about what waking an
/// idle processor costs twice.
const DEFAULT_LIMIT: Duration = Duration::from_micros(50);

/// The longest limit that is taken.
const MOST_LIMIT: Duration = Duration::from_millis(1);

/// How often the clock is passed over between two looks at it.
const LOOKS_A_CLOCK: u32 = 16;

/// So much credit a connection can have, and a new one has a part of it.
const MOST_CREDIT: u32 = 8;
const FIRST_CREDIT: u32 = 2;

/// How many threads of this process spin.
static SPINNERS: AtomicU32 = AtomicU32::new(0);

/// Decides, for one connection, whether its waits begin with looking again and again instead of
/// sleeping at once: waking an idle processor costs more than everything else that a short call does.
///
/// It spins only with two processors or more, while fewer than all but one of them have a spinner of
/// this process, for the limit at most, and only as long as that was of use lately: each hit earns
/// credit, also a sleep that turned out to be short; each miss costs some. So an idle connection, and
/// one whose peer is slow or shares its only processor, sleeps at once. It touches no descriptor itself.
pub struct Spin {
    credit: AtomicU32,
}

impl Default for Spin {
    fn default() -> Spin {
        Spin { credit: AtomicU32::new(FIRST_CREDIT) }
    }
}

impl Spin {
    /// Looks again and again, for `timeout` at most, whether it is over; answers whether it was. One
    /// thread at a time.
    pub fn until(&self, timeout: Option<Duration>, mut over: impl FnMut() -> bool) -> bool {
        let rules = rules();
        if rules.most_spinners == 0 || self.credit.load(Ordering::Relaxed) == 0 {
            return false;
        }
        if SPINNERS.fetch_add(1, Ordering::Relaxed) >= rules.most_spinners {
            SPINNERS.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let limit = timeout.map_or(rules.limit, |timeout| timeout.min(rules.limit));
        let hit = spin(limit, &mut over);
        SPINNERS.fetch_sub(1, Ordering::Relaxed);
        if hit {
            self.earn();
        } else if limit == rules.limit {
            let credit = self.credit.load(Ordering::Relaxed);
            self.credit.store(credit.saturating_sub(1), Ordering::Relaxed);
        }
        hit
    }

    /// Sleeps by `sleep`, and remembers whether a spin would have been enough: whether it was short, and
    /// not in vain.
    pub fn asleep<T>(&self, sleep: impl FnOnce() -> T, of_use: impl FnOnce(&T) -> bool) -> T {
        let rules = rules();
        if rules.most_spinners == 0 {
            return sleep();
        }
        let begin = Instant::now();
        let result = sleep();
        // Being woken takes its time too, which a spin would have saved.
        if begin.elapsed() < 2 * rules.limit && of_use(&result) {
            self.earn();
        }
        result
    }

    fn earn(&self) {
        let credit = self.credit.load(Ordering::Relaxed);
        self.credit.store((credit + 1).min(MOST_CREDIT), Ordering::Relaxed);
    }
}

fn spin(limit: Duration, over: &mut impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    loop {
        for _ in 0..LOOKS_A_CLOCK {
            if over() {
                return true;
            }
            std::hint::spin_loop();
        }
        if begin.elapsed() >= limit {
            return false;
        }
    }
}

struct Rules {
    limit: Duration,
    most_spinners: u32,
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let told = std::env::var("SAMEHOST_SPIN_MICROS").ok().and_then(|text| text.trim().parse().ok());
        let limit = told.map_or(DEFAULT_LIMIT, Duration::from_micros).min(MOST_LIMIT);
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        let most_spinners = if limit.is_zero() { 0 } else { processors - 1 };
        Rules { limit, most_spinners }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spins(spin: &Spin) -> bool {
        let mut looks = 0;
        let hit = spin.until(None, || {
            looks += 1;
            false
        });
        assert!(!hit);
        looks > 0
    }

    #[test]
    fn misses_end_the_spinning_and_a_short_sleep_brings_it_back() {
        if rules().most_spinners == 0 {
            return assert!(!spins(&Spin::default()), "with one processor nobody spins");
        }
        let spin = Spin::default();
        let before = (0..100).filter(|_| spins(&spin)).count();
        assert!(before <= FIRST_CREDIT as usize, "{before} spins without a hit");
        assert!(!spins(&spin));
        spin.asleep(|| std::thread::sleep(Duration::from_millis(20)), |()| true);
        assert!(!spins(&spin), "a long sleep earns nothing");
        spin.asleep(|| (), |()| false);
        assert!(!spins(&spin), "nor does one in vain");
        // On a busy machine even a sleep of nothing may be long.
        assert!((0..1000).any(|_| {
            spin.asleep(|| (), |()| true);
            spins(&spin)
        }));
    }

    #[test]
    fn what_is_over_at_once_is_a_hit_and_is_looked_at_once() {
        if rules().most_spinners == 0 {
            return;
        }
        let spin = Spin::default();
        let mut looks = 0;
        let over = || {
            looks += 1;
            true
        };
        assert!(spin.until(None, over));
        assert_eq!(looks, 1);
    }
}
