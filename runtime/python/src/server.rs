//! The server side, for threads.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use samehost::raw;

use crate::arguments::{seconds, until};
use crate::fork::Own;
use crate::handlers::Handlers;
use crate::tls::ServerCredentials;
use crate::waiting::wait;
use crate::{callbacks, options, status};

/// Serves calls on any number of addresses, for threads.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct Server(Own<raw::Server>);

#[pymethods]
impl Server {
    #[new]
    #[pyo3(signature = (handler, *, inline=true, unary=None, **options))]
    fn new(
        handler: Py<PyAny>,
        inline: bool,
        unary: Option<Py<PyDict>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Server> {
        let builder = options::server(options)?;
        let serve = Handlers::new(handler, unary).into_function();
        Ok(Server(Own::new(builder.serve_on_threads(inline, callbacks::around(), serve))))
    }

    #[pyo3(signature = (address, credentials=None))]
    fn listen(
        &self,
        py: Python<'_>,
        address: &str,
        credentials: Option<&ServerCredentials>,
    ) -> PyResult<String> {
        listen(py, self.0.get(py)?, address, credentials)
    }

    fn start(&self, py: Python<'_>) -> PyResult<()> {
        let server = self.0.get(py)?;
        py.detach(|| server.start());
        Ok(())
    }

    #[pyo3(signature = (grace=None))]
    fn stop(&self, py: Python<'_>, grace: Option<f64>) -> PyResult<()> {
        // In a forked child there is nothing left to stop.
        if let Some(server) = self.0.alive() {
            let grace = seconds(Some(grace.unwrap_or(0.0)))?;
            py.detach(|| server.stop(grace.unwrap_or(std::time::Duration::MAX)));
        }
        Ok(())
    }

    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let (server, until) = (self.0.get(py)?, until(seconds(timeout)?));
        match wait(py, |patience| server.wait_terminated(patience.until(until)))? {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(error)) => Err(status::raised(py, &error)),
        }
    }
}

/// Has a server take an address, by TLS where there are credentials for it.
pub(crate) fn listen(
    py: Python<'_>,
    server: &raw::Server,
    address: &str,
    credentials: Option<&ServerCredentials>,
) -> PyResult<String> {
    let credentials = credentials.map(ServerCredentials::tls);
    let listening = py.detach(|| match credentials {
        Some(credentials) => server.listen_by_tls(address, credentials),
        None => server.listen(address),
    });
    listening.map_err(|error| status::raised(py, &error))
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(server) = self.0.alive() {
            // Closing a listener waits for its thread, which may want the GIL.
            Python::attach(|py| py.detach(|| server.stop(std::time::Duration::ZERO)));
        }
    }
}
