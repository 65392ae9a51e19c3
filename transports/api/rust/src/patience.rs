//! Points of time.

use std::time::{Duration, Instant};

/// A century.
const ENDLESS: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The end of a patience that begins now. One that the clock cannot count, such as [`Duration::MAX`], ends when nobody
/// is there any more.
pub fn end_of(patience: Duration) -> Instant {
    Instant::now() + patience.min(ENDLESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_patience_ends_after_every_other_one() {
        let second = end_of(Duration::from_secs(1));
        assert!(second <= Instant::now() + Duration::from_secs(1));
        assert!(end_of(Duration::MAX) > Instant::now() + ENDLESS / 2);
    }
}
