//! Calls of one thread, one at a time: each after the other, or one each millisecond.

use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::measured::Measured;

const PACE: Duration = Duration::from_millis(1);

pub fn one_after_the_other(
    time: Duration,
    mut call: impl FnMut() -> Result<(), Failure>,
) -> Result<Measured, Failure> {
    let mut measured = Measured::new();
    let mut before = Instant::now();
    let end = before + time;
    while before < end {
        call()?;
        let after = Instant::now();
        measured.record(after - before);
        before = after;
    }
    Ok(measured)
}

/// A call each millisecond, whether the one before was quick or not. A call that could not begin when it was
/// due, as the one before had not ended, is measured from when it was due; where the clock alone woke this
/// thread late, from then.
pub fn paced(time: Duration, mut call: impl FnMut() -> Result<(), Failure>) -> Result<Measured, Failure> {
    let mut measured = Measured::new();
    let mut due = Instant::now();
    let end = due + time;
    while due < end {
        let mut start = due;
        while let Some(early) = due.checked_duration_since(Instant::now()).filter(|early| !early.is_zero()) {
            thread::sleep(early);
            start = due.max(Instant::now());
        }
        call()?;
        measured.record(start.elapsed());
        due += PACE;
    }
    Ok(measured)
}
