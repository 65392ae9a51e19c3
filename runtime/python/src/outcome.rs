//! How a call ended.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use samehost::raw;

use crate::{message, metadata};

/// How a call of a client ended.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct Outcome(pub(crate) Arc<raw::Outcome>);

#[pymethods]
impl Outcome {
    #[getter]
    fn code(&self) -> u8 {
        self.0.status.code() as u8
    }

    #[getter]
    fn text(&self) -> &str {
        self.0.status.message()
    }

    #[getter]
    fn message<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.message.as_deref().map(|bytes| message::outgoing(py, bytes))
    }

    #[getter]
    fn compressed(&self) -> bool {
        self.0.compressed
    }

    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        metadata::outgoing(py, &self.0.headers)
    }

    #[getter]
    fn trailers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        metadata::outgoing(py, &self.0.status.metadata())
    }

    fn __repr__(&self) -> String {
        format!("<Outcome {}>", self.0.status)
    }
}
