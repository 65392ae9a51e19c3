//! What one order measured.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The times of calls, and how long all of them took together.
pub struct Measured {
    nanos: Histogram<u64>,
    begin: Instant,
}

impl Measured {
    pub fn new() -> Measured {
        Measured { nanos: histogram(), begin: Instant::now() }
    }

    pub fn record(&mut self, time: Duration) {
        self.nanos += u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    }

    /// Adds what another thread or task measured meanwhile.
    pub fn join(&mut self, other: &Measured) {
        self.nanos += &other.nanos;
    }

    /// As the driver reads it; all that was measured has ended by now.
    pub fn json(&self) -> String {
        format!(
            r#"{{"calls": {}, "seconds": {:.6}, "p50_us": {:.3}, "p99_us": {:.3}, "mean_us": {:.3}}}"#,
            self.nanos.len(),
            self.begin.elapsed().as_secs_f64(),
            self.nanos.value_at_quantile(0.5) as f64 / 1e3,
            self.nanos.value_at_quantile(0.99) as f64 / 1e3,
            self.nanos.mean() / 1e3,
        )
    }
}

/// With three digits, and as wide as it has to be.
fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are allowed")
}
