//! Times and other arguments that calls have in common.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use samehost::raw::CallOptions;

use crate::metadata;

/// Seconds as a duration; `None` for no limit, which infinity is too. Less than nothing is nothing.
pub(crate) fn seconds(timeout: Option<f64>) -> PyResult<Option<Duration>> {
    match timeout {
        None => Ok(None),
        Some(seconds) if seconds.is_nan() => Err(PyValueError::new_err("a time of NaN seconds")),
        Some(seconds) if seconds <= 0.0 => Ok(Some(Duration::ZERO)),
        // One beyond the clock's range is none.
        Some(seconds) => Ok(Duration::try_from_secs_f64(seconds).ok()),
    }
}

/// When so much time is over; `None` for never.
pub(crate) fn until(timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(timeout?)
}

/// Seconds until then, not below 0.
pub(crate) fn time_left(deadline: Option<Instant>) -> Option<f64> {
    Some(deadline?.saturating_duration_since(Instant::now()).as_secs_f64())
}

/// What a call takes along.
pub(crate) fn call_options(
    metadata: Option<&Bound<'_, PyAny>>,
    timeout: Option<f64>,
    wait_for_ready: Option<bool>,
    gzip: bool,
) -> PyResult<CallOptions> {
    let (metadata, timeout) = (metadata::incoming(metadata)?, seconds(timeout)?);
    Ok(CallOptions { metadata, timeout, wait_for_ready, gzip })
}
