//! Waiting by spinning, for the peers and floors that know no other way.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use crate::Failure;

/// After this long without a message a spinning end looks once a nap, so that others can be measured.
const LONGEST_SPIN: Duration = Duration::from_millis(20);

/// How long it sleeps then.
pub const NAP: Duration = Duration::from_millis(1);

const LOOKS_BETWEEN_CLOCKS: u32 = 1024;

/// Asks again and again, and takes a nap between once that has been in vain for long.
pub fn spin<T>(
    mut ask: impl FnMut() -> Result<Option<T>, Failure>,
    mut nap: impl FnMut() -> Result<(), Failure>,
) -> Result<T, Failure> {
    let mut end = None;
    loop {
        for _ in 0..LOOKS_BETWEEN_CLOCKS {
            if let Some(found) = ask()? {
                return Ok(found);
            }
            spin_loop();
        }
        if Instant::now() > *end.get_or_insert_with(|| Instant::now() + LONGEST_SPIN) {
            break;
        }
    }
    loop {
        nap()?;
        if let Some(found) = ask()? {
            return Ok(found);
        }
    }
}
