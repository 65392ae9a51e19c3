//! The server side, for an event loop.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use samehost::raw;

use super::event_loop::{Bridge, Loop};
use super::future;
use super::server_call::AioServerCall;
use crate::arguments::seconds;
use crate::fork::Own;
use crate::server::listen;
use crate::tls::ServerCredentials;
use crate::{options, status};

/// Serves calls on an event loop.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct AioServer(Own<(Arc<Bridge>, Arc<raw::Server>)>);

#[pymethods]
impl AioServer {
    #[new]
    #[pyo3(signature = (r#loop, handler, **options))]
    fn new(
        py: Python<'_>,
        r#loop: &Loop,
        handler: Py<PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<AioServer> {
        let core = r#loop.core(py)?.clone();
        let builder = options::server(options)?;
        let of = core.clone();
        let server = builder.serve_on_hub(core.hub.clone(), move |call| handle(&of, &handler, call));
        Ok(AioServer(Own::new((core, Arc::new(server)))))
    }

    #[pyo3(signature = (address, credentials=None))]
    fn listen(
        &self,
        py: Python<'_>,
        address: &str,
        credentials: Option<&ServerCredentials>,
    ) -> PyResult<String> {
        listen(py, &self.0.get(py)?.1, address, credentials)
    }

    fn start(&self, py: Python<'_>) -> PyResult<()> {
        let (core, server) = self.0.get(py)?;
        core.look(py, || server.start());
        Ok(())
    }

    #[pyo3(signature = (grace=None))]
    fn stop(&self, py: Python<'_>, grace: Option<f64>) -> PyResult<()> {
        if let Some((core, server)) = self.0.alive() {
            let grace = seconds(Some(grace.unwrap_or(0.0)))?.unwrap_or(Duration::MAX);
            core.look(py, || py.detach(|| server.stop(grace)));
        }
        Ok(())
    }

    fn wait<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (core, server) = self.0.get(py)?;
        let server = server.clone();
        future::future(py, core, move |py, cx| {
            server.poll_terminated(cx).map(|ended| match ended {
                Ok(()) => Ok(py.None()),
                Err(error) => Err(status::raised(py, &error)),
            })
        })
    }
}

impl Drop for AioServer {
    fn drop(&mut self) {
        if let Some((_, server)) = self.0.alive() {
            // Closing a listener waits for its thread, which may want the GIL.
            Python::attach(|py| py.detach(|| server.stop(Duration::ZERO)));
        }
    }
}

/// Runs the application's handler, on the loop. What it raises stays here.
pub(super) fn handle(core: &Arc<Bridge>, handler: &Py<PyAny>, call: raw::ServerCall) {
    Python::attach(|py| {
        let call = match Py::new(py, AioServerCall::new(core, call)) {
            Ok(call) => call,
            Err(error) => return error.write_unraisable(py, None),
        };
        if let Err(error) = handler.call1(py, (&call,)) {
            call.get().give_handler_failed();
            error.write_unraisable(py, Some(handler.bind(py)));
        }
    });
}
