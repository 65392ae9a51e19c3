//! A unary method, as a stub calls it.

use std::sync::Arc;

use pyo3::exceptions::PyException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use samehost::transport::Code;
use samehost::{Metadata, raw};

use crate::arguments::call_options;
use crate::channel::Channel;
use crate::message;
use crate::outcome::Outcome;
use crate::status;
use crate::waiting::wait;

/// A unary method of a server: serialises, calls, waits and deserialises in one go.
#[pyclass(frozen, subclass, module = "samehost._native")]
pub(crate) struct UnaryMethod {
    channel: Py<Channel>,
    path: String,
    serializer: Option<Py<PyAny>>,
    deserializer: Option<Py<PyAny>>,
    failed: Py<PyAny>,
    unencodable: Option<Py<PyAny>>,
    undecodable: Option<Py<PyAny>>,
    general: Option<Py<PyAny>>,
}

#[pymethods]
impl UnaryMethod {
    #[new]
    #[pyo3(signature = (channel, path, serializer, deserializer, failed, unencodable=None, undecodable=None, general=None, *_args, **_kwargs))]
    #[allow(clippy::too_many_arguments)] // subclasses have more of their own
    fn new(
        channel: Py<Channel>,
        path: String,
        serializer: Option<Py<PyAny>>,
        deserializer: Option<Py<PyAny>>,
        failed: Py<PyAny>,
        unencodable: Option<Py<PyAny>>,
        undecodable: Option<Py<PyAny>>,
        general: Option<Py<PyAny>>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> UnaryMethod {
        UnaryMethod { channel, path, serializer, deserializer, failed, unencodable, undecodable, general }
    }

    #[pyo3(signature = (request, timeout=None, metadata=None, credentials=None, wait_for_ready=None, compression=None))]
    #[allow(clippy::too_many_arguments)] // gRPC's own
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyAny>,
        timeout: Option<f64>,
        metadata: Option<&Bound<'py, PyAny>>,
        credentials: Option<&Bound<'py, PyAny>>,
        wait_for_ready: Option<bool>,
        compression: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let (Some(general), true) = (&self.general, credentials.is_some() || compression.is_some()) {
            let rest = PyDict::new(py);
            rest.set_item("timeout", timeout)?;
            rest.set_item("metadata", metadata)?;
            rest.set_item("credentials", credentials)?;
            rest.set_item("wait_for_ready", wait_for_ready)?;
            rest.set_item("compression", compression)?;
            return general.bind(py).call((request,), Some(&rest));
        }
        let channel = self.channel.get().raw(py).map_err(|error| self.raised(py, error))?;
        let options =
            call_options(metadata, timeout, wait_for_ready, false).map_err(|error| self.raised(py, error))?;
        let message = match &self.serializer {
            Some(serializer) => {
                serializer.bind(py).call1((request,)).and_then(|data| message::incoming(&data))
            }
            None => message::incoming(request),
        };
        let message = message.map_err(|error| told(py, self.unencodable.as_ref(), error))?;
        let outcome = wait(py, |patience| channel.unary(&self.path, options, message, patience))?;
        if let (Code::Ok, Some(answer)) = (outcome.status.code(), &outcome.message) {
            let bytes = message::outgoing(py, answer);
            return match &self.deserializer {
                Some(deserializer) => deserializer
                    .bind(py)
                    .call1((bytes,))
                    .map_err(|error| told(py, self.undecodable.as_ref(), error)),
                None => Ok(bytes.into_any()),
            };
        }
        Err(self.failure(py, outcome))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.channel)?;
        visit.call(&self.serializer)?;
        visit.call(&self.deserializer)?;
        visit.call(&self.failed)?;
        visit.call(&self.unencodable)?;
        visit.call(&self.undecodable)?;
        visit.call(&self.general)
    }
}

impl UnaryMethod {
    /// What is raised for a call with this outcome.
    fn failure(&self, py: Python<'_>, outcome: raw::Outcome) -> PyErr {
        match self.failed.bind(py).call1((Outcome(Arc::new(outcome)),)) {
            Ok(raised) => PyErr::from_value(raised),
            Err(error) => error,
        }
    }

    /// What is raised for an exception of this module's before there is a call: as if a call had that outcome.
    fn raised(&self, py: Python<'_>, error: PyErr) -> PyErr {
        match status::told_by(py, &error) {
            Some(status) => self.failure(
                py,
                raw::Outcome { status, headers: Metadata::default(), message: None, compressed: false },
            ),
            None => error,
        }
    }
}

/// What is raised for an exception of the application's own function.
fn told(py: Python<'_>, teller: Option<&Py<PyAny>>, error: PyErr) -> PyErr {
    let Some(teller) = teller.filter(|_| error.is_instance_of::<PyException>(py)) else { return error };
    match teller.bind(py).call1((error.value(py),)) {
        Ok(raised) => {
            let raised = PyErr::from_value(raised);
            raised.set_cause(py, Some(error));
            raised
        }
        Err(error) => error,
    }
}
