//! One call of a server, for threads.

use std::sync::Arc;
use std::task::{Context, Poll};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use samehost::transport::{Code, Fault};
use samehost::{Status, raw};

use crate::arguments::time_left;
use crate::certificate::Subject;
use crate::channel::Channel;
use crate::fork::Own;
use crate::waiting::wait;
use crate::{callbacks, message, metadata, status};

/// Who is at the other end.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct Peer(pub(crate) samehost::Peer);

#[pymethods]
impl Peer {
    #[getter]
    fn address(&self) -> &str {
        &self.0.address
    }

    #[getter]
    fn process_id(&self) -> Option<u32> {
        self.0.process_id
    }

    #[getter]
    fn user_id(&self) -> Option<u32> {
        self.0.user_id
    }

    #[getter]
    fn group_id(&self) -> Option<u32> {
        self.0.group_id
    }

    #[getter]
    fn tls(&self) -> bool {
        self.0.tls
    }

    #[getter]
    fn certificates<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let shown = self.0.certificates.iter().flat_map(|certificates| certificates.iter());
        PyList::new(py, shown.map(|one| PyBytes::new(py, one)).collect::<Vec<_>>())
    }

    #[getter]
    fn common_name<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.subject().common_name.map(|name| PyBytes::new(py, &name))
    }

    #[getter]
    fn alternative_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let names = self.subject().alternative_names;
        PyList::new(py, names.iter().map(|name| PyBytes::new(py, name)).collect::<Vec<_>>())
    }

    fn __repr__(&self) -> String {
        let id = |id: Option<u32>| id.map_or("unknown".to_owned(), |id| id.to_string());
        let samehost::Peer { address, process_id, user_id, group_id, .. } = &self.0;
        format!("<Peer {address} pid {} uid {} gid {}>", id(*process_id), id(*user_id), id(*group_id))
    }
}

impl Peer {
    /// Whom its certificate is for.
    fn subject(&self) -> Subject {
        self.0.certificates.as_ref().map_or_else(Subject::default, |shown| Subject::of(shown.own()))
    }
}

/// One call of a server, for threads.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct ServerCall(Own<Arc<raw::ServerCall>>);

impl ServerCall {
    pub(crate) fn new(call: Arc<raw::ServerCall>) -> ServerCall {
        ServerCall(Own::new(call))
    }

    fn wait<T: Send>(
        &self,
        py: Python<'_>,
        poll: impl Fn(&raw::ServerCall, &Context<'_>) -> Poll<T> + Send,
    ) -> PyResult<T> {
        let call = self.0.get(py)?;
        let waited = wait(py, |patience| call.wait(patience, poll))?;
        Ok(waited.unwrap_or_else(|| unreachable!("there is no limit")))
    }
}

/// Answers as a handler's failure is answered; does nothing where the call was answered before.
pub(crate) fn give_handler_failed(call: &raw::ServerCall) {
    let status = Status::new(Fault::HandlerFailed.code(), Fault::HandlerFailed.text(&[]));
    // Where it was answered already, nobody need be told.
    let _ = call.answer(raw::Answer { status, headers: None, message: None, compress: false });
}

/// What was sent out of order is a mistake of the application's.
pub(crate) fn in_order<T>(sent: Result<T, raw::OutOfOrder>) -> PyResult<T> {
    sent.map_err(|raw::OutOfOrder(text)| PyRuntimeError::new_err(text))
}

/// The answer that these arguments make.
pub(crate) fn answer(
    code: i64,
    text: &str,
    trailers: Option<&Bound<'_, PyAny>>,
    message: Option<&Bound<'_, PyAny>>,
    headers: Option<&Bound<'_, PyAny>>,
    compress: bool,
) -> PyResult<raw::Answer> {
    let status = Status::new(status::code(code)?, text).with_metadata(metadata::incoming(trailers)?);
    let headers = headers.map(|headers| metadata::incoming(Some(headers))).transpose()?;
    let message = message.map(message::incoming).transpose()?;
    Ok(raw::Answer { status, headers, message, compress })
}

/// The code and the text to fail a call with.
pub(crate) fn failure(code: i64) -> PyResult<Code> {
    match status::code(code)? {
        Code::Ok => Err(PyValueError::new_err("a call is not cancelled with OK")),
        code => Ok(code),
    }
}

#[pymethods]
impl ServerCall {
    #[getter]
    fn path(&self, py: Python<'_>) -> PyResult<&str> {
        Ok(self.0.get(py)?.path())
    }

    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        metadata::outgoing(py, self.0.get(py)?.metadata())
    }

    #[getter]
    fn peer(&self, py: Python<'_>) -> PyResult<Peer> {
        Ok(Peer(self.0.get(py)?.peer().clone()))
    }

    fn caller(&self, py: Python<'_>) -> PyResult<Channel> {
        Ok(Channel::back(self.0.get(py)?.caller()))
    }

    fn medium(&self, py: Python<'_>) -> PyResult<Option<&str>> {
        Ok(self.0.get(py)?.medium())
    }

    fn time_left(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        Ok(time_left(self.0.get(py)?.deadline()))
    }

    fn receive<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        match self.wait(py, |call, cx| call.poll_message(cx))? {
            Ok(message) => Ok(message.map(|bytes| message::outgoing(py, &bytes))),
            Err(error) => Err(status::raised(py, &error)),
        }
    }

    fn received_compressed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.0.get(py)?.received_compressed())
    }

    fn set_compression(&self, py: Python<'_>, gzip: bool) -> PyResult<()> {
        self.0.get(py)?.set_compression(gzip);
        Ok(())
    }

    #[pyo3(signature = (metadata=None))]
    fn send_headers(&self, py: Python<'_>, metadata: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let (call, headers) = (self.0.get(py)?, metadata::incoming(metadata)?);
        in_order(py.detach(|| call.send_headers(headers)))
    }

    #[pyo3(signature = (message, compress=true))]
    fn send(&self, py: Python<'_>, message: &Bound<'_, PyAny>, compress: bool) -> PyResult<bool> {
        let (call, message) = (self.0.get(py)?, message::incoming(message)?);
        if self.wait(py, |call, cx| call.poll_ready(cx))?.is_err() {
            return Ok(false);
        }
        Ok(py.detach(|| call.send(message, compress)))
    }

    #[pyo3(signature = (code=0, text="", trailers=None, message=None, headers=None, compress=true))]
    #[allow(clippy::too_many_arguments)] // all that one frame may have
    fn answer(
        &self,
        py: Python<'_>,
        code: i64,
        text: &str,
        trailers: Option<&Bound<'_, PyAny>>,
        message: Option<&Bound<'_, PyAny>>,
        headers: Option<&Bound<'_, PyAny>>,
        compress: bool,
    ) -> PyResult<bool> {
        let call = self.0.get(py)?;
        let answer = answer(code, text, trailers, message, headers, compress)?;
        in_order(py.detach(|| call.answer(answer)))
    }

    #[pyo3(signature = (code=1, text=""))]
    fn cancel(&self, py: Python<'_>, code: i64, text: &str) -> PyResult<bool> {
        Ok(self.0.get(py)?.fail(failure(code)?, text))
    }

    fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.0.get(py)?.is_over())
    }

    fn was_cancelled(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.0.get(py)?.was_cancelled())
    }

    fn add_done_callback(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<bool> {
        let call = self.0.get(py)?;
        if call.is_over() {
            return Ok(false);
        }
        let over = call.over();
        callbacks::tender().tend(async move {
            over.await;
            callbacks::call(&callback, |py| Ok(PyTuple::empty(py)));
        });
        Ok(true)
    }
}
