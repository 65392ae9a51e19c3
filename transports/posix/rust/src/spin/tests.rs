//! When a wait begins with looking again and again, when it gives way, and when it sleeps at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

/// The process has a bound on who spins at once, so one test spins at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets it sleep for nothing until it spins again; answers how often.
fn sleeps_until_it_spins(spin: &Spin) -> u32 {
    for sleeps in 1..100_000 {
        // On a busy machine even a sleep of nothing may be long.
        spin.asleep(|| (), |()| true);
        if spin.credit.load(Ordering::Relaxed) > 0 {
            return sleeps;
        }
    }
    panic!("it never spins again")
}

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
fn misses_end_the_spinning_and_short_sleeps_bring_it_back() {
    let _alone = alone();
    let spin = Spin::new(1);
    let before = (0..100).filter(|_| spins(&spin)).count();
    assert!(before <= FIRST_CREDIT as usize, "{before} spins without a hit");
    assert!(!spins(&spin));
    spin.asleep(|| thread::sleep(Duration::from_millis(20)), |()| true);
    assert!(!spins(&spin), "a long sleep earns nothing");
    spin.asleep(|| (), |()| false);
    assert!(!spins(&spin), "nor does one in vain");
    assert!(sleeps_until_it_spins(&spin) >= FIRST_PATIENCE);
    assert!(spins(&spin));
}

#[test]
fn a_connection_that_misses_again_and_again_tries_ever_more_seldom_until_it_hits() {
    let _alone = alone();
    let spin = Spin::new(1);
    for tries in 0..4 {
        while spins(&spin) {}
        assert!(sleeps_until_it_spins(&spin) >= FIRST_PATIENCE << tries);
    }
    for _ in 0..=MOST_CREDIT {
        assert!(spin.until(None, || true));
    }
    assert_eq!(spin.patience.load(Ordering::Relaxed), FIRST_PATIENCE);
}

#[test]
fn a_glance_is_short_and_misses_end_it_until_an_event_loop_has_slept_shortly() {
    let _alone = alone();
    if rules().most_spinners == 0 {
        return;
    }
    let spin = Spin::new(1);
    spin.limit(MOST_LIMIT);
    let mut glances = Vec::new();
    while spin.can_glance() {
        let begin = Instant::now();
        assert!(!spin.glance(|| false));
        glances.push(begin.elapsed());
    }
    assert_eq!(glances.len(), FIRST_CREDIT as usize);
    let shortest = *glances.iter().min().unwrap();
    assert!((GLANCE..MOST_LIMIT).contains(&shortest), "{shortest:?}");
    thread::sleep(Duration::from_millis(20));
    spin.awake();
    for _ in 1..FIRST_PATIENCE {
        assert!(!spin.can_glance());
        spin.awake();
    }
    assert!(!spin.can_glance(), "a long sleep earns nothing");
    spin.awake();
    assert!((0..100_000).any(|_| {
        spin.awake();
        spin.can_glance()
    }));
}

#[test]
fn whoever_is_told_not_to_spin_does_not_look_even_once() {
    let _alone = alone();
    let spin = Spin::new(1);
    spin.limit(Duration::ZERO);
    assert!(!spins(&spin));
    spin.asleep(|| (), |()| true);
    assert!(!spins(&spin));
}

#[test]
fn a_spin_lasts_as_long_as_it_is_told() {
    let _alone = alone();
    if rules().most_spinners == 0 {
        return;
    }
    let spin = Spin::new(1);
    for limit in [Duration::from_micros(200), Duration::from_secs(1)] {
        spin.limit(limit);
        let begin = Instant::now();
        assert!(spins(&spin));
        assert!(begin.elapsed() >= limit.min(MOST_LIMIT));
    }
    assert_eq!(spin.allowed(), Some(MOST_LIMIT), "a longer one is cut");
}

#[test]
fn what_is_over_at_once_is_a_hit_and_is_looked_at_once() {
    let _alone = alone();
    let spin = Spin::new(1);
    let mut looks = 0;
    let over = || {
        looks += 1;
        true
    };
    assert!(spin.until(None, over));
    assert_eq!(looks, 1);
}

#[test]
fn whoever_gives_way_looks_a_few_times_and_misses_end_that_too() {
    let spin = Spin::new(1);
    for misses in 1..=FIRST_CREDIT {
        let mut looks = 0;
        let found = spin.give_way(|| {
            looks += 1;
            false
        });
        assert!(!found);
        assert_eq!((looks, spin.credit.load(Ordering::Relaxed)), (MOST_YIELDS, FIRST_CREDIT - misses));
    }
    assert!(!spins(&spin), "without credit nobody gives way");
}

#[test]
fn what_has_come_too_late_is_found_and_is_a_miss() {
    let spin = Spin::new(1);
    assert!(spin.give_way(|| {
        thread::sleep(Duration::from_millis(1));
        true
    }));
    assert_eq!(spin.credit.load(Ordering::Relaxed), FIRST_CREDIT - 1);
    spin.limit(MOST_LIMIT);
    // On a busy machine others may take the processor each time for long.
    assert!((0..1000).any(|_| spin.give_way(|| true) && spin.credit.load(Ordering::Relaxed) == FIRST_CREDIT));
}
