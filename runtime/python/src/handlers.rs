//! The handlers of an application, of a server or offered on a channel, as threads run them.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use samehost::transport::Code;
use samehost::{Status, raw};

use crate::message;
use crate::server_call::{ServerCall, give_handler_failed};
use crate::waiting::Inside;

/// The application's handlers.
pub(crate) struct Handlers {
    any: Py<PyAny>,
    /// By the paths of unary methods: what takes a call and its whole request, and gives the response.
    unary: Option<Py<PyDict>>,
}

impl Handlers {
    pub(crate) fn new(any: Py<PyAny>, unary: Option<Py<PyDict>>) -> Handlers {
        Handlers { any, unary }
    }

    /// What the threads of a connection run with each call.
    pub(crate) fn into_function(self) -> impl Fn(raw::ServerCall) + Send + Sync + 'static {
        move |call| self.serve(call)
    }

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
