//! What concerns the whole process: the standard streams of a child, forks.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arguments::seconds;
use crate::{callbacks, fork, status, waiting};

/// Moves the standard streams to private descriptors.
#[pyfunction]
#[pyo3(signature = (exit_with_host=true, exit_grace=0.5))]
pub(crate) fn take_standard_streams(py: Python<'_>, exit_with_host: bool, exit_grace: f64) -> PyResult<()> {
    let exit_grace = seconds(Some(exit_grace))?.unwrap_or(Duration::MAX);
    let options = samehost::StdioOptions { exit_with_host, exit_grace, ..samehost::StdioOptions::default() };
    py.detach(|| samehost::take_standard_streams(&options))
        .map_err(|error| status::error(py, error.code(), &error.to_string()))
}

/// Has this module told of forks.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let named = PyDict::new(py);
    named.set_item("after_in_child", wrap_pyfunction!(after_fork_in_child, module)?)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&named))?;
    Ok(())
}

#[pyfunction]
fn after_fork_in_child() {
    fork::after_in_child();
    callbacks::forget_after_fork();
    waiting::forget_after_fork();
}
