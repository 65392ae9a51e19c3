//! One call of a server, for an event loop.

use std::sync::Arc;
use std::task::Poll;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use samehost::raw;

use super::call::truth;
use super::channel::AioChannel;
use super::event_loop::Bridge;
use super::future;
use crate::arguments::time_left;
use crate::channel::Channel;
use crate::fork::Own;
use crate::server_call::{Peer, answer, failure, give_handler_failed, in_order};
use crate::{message, metadata, status};

/// One call of a server for an event loop.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct AioServerCall(Own<(Arc<Bridge>, Arc<raw::ServerCall>)>);

impl AioServerCall {
    pub(super) fn new(core: &Arc<Bridge>, call: raw::ServerCall) -> AioServerCall {
        AioServerCall(Own::new((core.clone(), Arc::new(call))))
    }

    /// Fails the call as its handler has; does nothing where it was answered before.
    pub(super) fn give_handler_failed(&self) {
        if let Some((_, call)) = self.0.alive() {
            give_handler_failed(call);
        }
    }
}

#[pymethods]
impl AioServerCall {
    #[getter]
    fn path(&self, py: Python<'_>) -> PyResult<&str> {
        Ok(self.0.get(py)?.1.path())
    }

    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        metadata::outgoing(py, self.0.get(py)?.1.metadata())
    }

    #[getter]
    fn peer(&self, py: Python<'_>) -> PyResult<Peer> {
        Ok(Peer(self.0.get(py)?.1.peer().clone()))
    }

    fn caller(&self, py: Python<'_>) -> PyResult<AioChannel> {
        let (core, call) = self.0.get(py)?;
        Ok(AioChannel::back(core, call.caller()))
    }

    fn caller_for_threads(&self, py: Python<'_>) -> PyResult<Channel> {
        Ok(Channel::back(self.0.get(py)?.1.caller()))
    }

    fn medium(&self, py: Python<'_>) -> PyResult<Option<&str>> {
        Ok(self.0.get(py)?.1.medium())
    }

    fn time_left(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        Ok(time_left(self.0.get(py)?.1.deadline()))
    }

    fn receive<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (core, call) = self.0.get(py)?;
        let call = call.clone();
        future::future(py, core, move |py, cx| {
            call.poll_message(cx).map(|received| match received {
                Ok(Some(bytes)) => Ok(message::outgoing(py, &bytes).into_any().unbind()),
                Ok(None) => Ok(py.None()),
                Err(error) => Err(status::raised(py, &error)),
            })
        })
    }

    fn received_compressed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.0.get(py)?.1.received_compressed())
    }

    fn set_compression(&self, py: Python<'_>, gzip: bool) -> PyResult<()> {
        self.0.get(py)?.1.set_compression(gzip);
        Ok(())
    }

    #[pyo3(signature = (metadata=None))]
    fn send_headers(&self, py: Python<'_>, metadata: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let ((core, call), headers) = (self.0.get(py)?, metadata::incoming(metadata)?);
        in_order(core.look(py, || call.send_headers(headers)))
    }

    #[pyo3(signature = (message, compress=true))]
    fn send<'py>(
        &self,
        py: Python<'py>,
        message: &Bound<'py, PyAny>,
        compress: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, call) = self.0.get(py)?;
        let (call, mut message) = (call.clone(), Some(message::incoming(message)?));
        future::future(py, core, move |py, cx| match call.poll_ready(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(raw::Over)) => Poll::Ready(truth(py, false)),
            Poll::Ready(Ok(())) => {
                Poll::Ready(truth(py, message.take().is_some_and(|message| call.send(message, compress))))
            }
        })
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
        let (core, call) = self.0.get(py)?;
        let answer = answer(code, text, trailers, message, headers, compress)?;
        in_order(core.look(py, || call.answer(answer)))
    }

    #[pyo3(signature = (code=1, text=""))]
    fn cancel(&self, py: Python<'_>, code: i64, text: &str) -> PyResult<bool> {
        let ((core, call), code) = (self.0.get(py)?, failure(code)?);
        Ok(core.look(py, || call.fail(code, text)))
    }

    fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.0.get(py)?.1.is_over())
    }

    fn was_cancelled(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.0.get(py)?.1.was_cancelled())
    }

    fn add_done_callback(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<bool> {
        let (core, call) = self.0.get(py)?;
        if call.is_over() {
            return Ok(false);
        }
        let (of, mut over) = (core.clone(), Box::pin(call.over()));
        future::tend(py, core, move |py, cx| {
            // Its waker is one that can be polled with.
            let mut own = std::task::Context::from_waker(cx.waker());
            over.as_mut().poll(&mut own).map(|()| of.call_soon(py, &callback))
        });
        Ok(true)
    }
}
