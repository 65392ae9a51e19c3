//! The one exception.

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use samehost::Status;
use samehost::transport::{Code, Fault};

/// The class `StatusError`, which is Python's own: an exception with a constructor and attributes.
pub(crate) fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "samehost._status_error", "StatusError")
}

/// An exception with this code and text.
pub(crate) fn error(py: Python<'_>, code: Code, text: &str) -> PyErr {
    match class(py).and_then(|class| class.call1((code as u8, text))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

pub(crate) fn raised(py: Python<'_>, status: &Status) -> PyErr {
    error(py, status.code(), status.message())
}

/// The status that an exception of this module tells of; `None` for any other exception.
pub(crate) fn told_by(py: Python<'_>, error: &PyErr) -> Option<Status> {
    let error = error.value(py);
    if !error.is_instance(class(py).ok()?).ok()? {
        return None;
    }
    let number = error.getattr("code").ok()?.extract().ok()?;
    Some(Status::new(code(number).ok()?, error.getattr("text").ok()?.extract::<String>().ok()?))
}

/// The code with this number; `ValueError` for one that is none.
pub(crate) fn code(number: i64) -> PyResult<Code> {
    match usize::try_from(number).ok().and_then(|number| Code::ALL.get(number)) {
        Some(code) => Ok(*code),
        None => Err(PyValueError::new_err(format!("{number} is no status code: they are 0 to 16"))),
    }
}

/// The error of this name in the catalogue.
#[pyfunction]
#[pyo3(signature = (name, *values))]
pub(crate) fn fault(py: Python<'_>, name: &str, values: Vec<String>) -> PyResult<Py<PyAny>> {
    let found = Fault::ALL.iter().find(|fault| fault.name() == name);
    let fault = found.ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
    let wanted = fault.template().matches('{').count();
    if wanted != values.len() {
        return Err(PyValueError::new_err(format!("{name} takes {wanted} values, not {}", values.len())));
    }
    let values: Vec<&dyn std::fmt::Display> = values.iter().map(|value| value as _).collect();
    Ok(error(py, fault.code(), &fault.text(&values)).into_value(py).into_any())
}
