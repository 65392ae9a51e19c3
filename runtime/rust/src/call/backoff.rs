//! How long to wait before the next try to connect.

use std::time::{Duration, Instant};

use samehost_transport_api::{Fault, LinkError};

use crate::connection::Status;

/// The waits between tries to connect: each longer than the last by a factor, up to a bound, and
/// each a little off, so that many clients of one server do not come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

const FACTOR: f64 = 1.6;
const JITTER: f64 = 0.2;

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) }
    }
}

impl Backoff {
    /// The wait after so many failures in a row, at least one; `dice` is anywhere from 0 to 1.
    pub(crate) fn after(&self, failures: u32, dice: f64) -> Duration {
        let growth = FACTOR.powi(failures.saturating_sub(1).min(64) as i32);
        let wait = (self.first.as_secs_f64() * growth).min(self.longest.as_secs_f64());
        Duration::try_from_secs_f64(wait * (1.0 - JITTER + 2.0 * JITTER * dice)).unwrap_or(Duration::MAX)
    }
}

/// A number from 0 to 1 that differs from one process and one call to the next; no secret.
pub(crate) fn dice() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

/// What a call is told that comes between two tries to connect, of which the last one has failed so.
pub(crate) fn not_tried(address: &str, error: &LinkError, until: Instant) -> Status {
    let seconds = format!("{:.3}", until.saturating_duration_since(Instant::now()).as_secs_f64());
    Status::of(error.code(), Fault::NotTried.text(&[error, &address, &seconds]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_differ_by_a_fifth() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        let millis = |failures, dice| backoff.after(failures, dice).as_millis();
        assert_eq!(millis(1, 0.5), 100);
        assert_eq!(millis(2, 0.5), 160);
        assert_eq!(millis(100, 0.5), 1000);
        assert_eq!(millis(1, 0.0), 80);
        assert_eq!(millis(1, 1.0), 120);
        assert!((0.0..=1.0).contains(&dice()));
    }

    #[test]
    fn a_wait_beyond_the_clocks_range_is_a_long_one() {
        let backoff = Backoff { first: Duration::MAX, longest: Duration::MAX };
        let wait = backoff.after(1, 1.0);
        assert!(wait > Duration::from_secs(1 << 30));
    }
}
