//! The server side, for threads.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use samehost::transport::Code;
use samehost::{Status, raw};

use crate::arguments::{seconds, until};
use crate::fork::Own;
use crate::server_call::{ServerCall, give_handler_failed};
use crate::waiting::{Inside, wait};
use crate::{callbacks, message, options, status};

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
        let handlers = Handlers { any: handler, unary };
        let serve = move |call| handlers.serve(call);
        Ok(Server(Own::new(builder.serve_on_threads(inline, callbacks::around(), serve))))
    }

    fn listen(&self, py: Python<'_>, address: &str) -> PyResult<String> {
        let server = self.0.get(py)?;
        py.detach(|| server.listen(address)).map_err(|error| status::raised(py, &error))
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

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(server) = self.0.alive() {
            // Closing a listener waits for its thread, which may want the GIL.
            Python::attach(|py| py.detach(|| server.stop(std::time::Duration::ZERO)));
        }
    }
}

/// The application's handlers.
struct Handlers {
    any: Py<PyAny>,
    /// By the paths of unary methods: what takes a call and its whole request, and gives the response.
    unary: Option<Py<PyDict>>,
}

impl Handlers {
    /// Runs the application's handler. What it raises stays here.
    fn serve(&self, call: raw::ServerCall) {
        let _inside = Inside::enter();
        let call = Arc::new(call);
        let response = Python::try_attach(|py| {
            self.run(py, &call).unwrap_or_else(|error| {
                give_handler_failed(&call);
                error.write_unraisable(py, Some(self.any.bind(py)));
                None
            })
        });
        match response {
            // It goes out when the GIL is for others to have.
            Some(Some(message)) => {
                let answer = raw::Answer {
                    status: Status::new(Code::Ok, ""),
                    headers: None,
                    message: Some(message),
                    compress: true,
                };
                // Where it was answered already, nobody need be told.
                let _ = call.answer(answer);
            }
            Some(None) => {}
            None => tracing::debug!("a call came while the interpreter shut down"),
        }
    }

    /// Answers the response that is to be sent, if the handler has not ended the call by itself.
    fn run(&self, py: Python<'_>, call: &Arc<raw::ServerCall>) -> PyResult<Option<Bytes>> {
        let object = Bound::new(py, ServerCall::new(call.clone()))?;
        let unary = self.unary.as_ref().map_or(Ok(None), |unary| unary.bind(py).get_item(call.path()))?;
        let Some((unary, request)) = unary.and_then(|unary| Some((unary, call.take_whole()?))) else {
            self.any.bind(py).call1((object,))?;
            return Ok(None);
        };
        let request = message::outgoing(py, &request);
        let response = own_context(py)?.call_method1(intern!(py, "run"), (unary, object, request))?;
        if response.is_none() { Ok(None) } else { message::incoming(&response).map(Some) }
    }
}

/// A context, of `contextvars`, of a call's own.
fn own_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static CONTEXT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CONTEXT.import(py, "contextvars", "Context")?.call0()
}
