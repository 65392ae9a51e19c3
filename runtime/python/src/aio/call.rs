//! One call of a client, for an event loop.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;
use samehost::raw;

use super::event_loop::Bridge;
use super::future;
use crate::arguments::time_left;
use crate::call::{cancel, check_open};
use crate::fork::Own;
use crate::outcome::Outcome;
use crate::{message, metadata};

/// One call of a client for an event loop.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct AioCall {
    call: Own<(Arc<Bridge>, Arc<raw::Call>)>,
    peer: String,
}

impl AioCall {
    pub(super) fn new(core: &Arc<Bridge>, call: raw::Call, peer: &str) -> AioCall {
        AioCall { call: Own::new((core.clone(), Arc::new(call))), peer: peer.to_owned() }
    }

    fn future<'py>(
        &self,
        py: Python<'py>,
        look: impl Fn(Python<'_>, &raw::Call, &Context<'_>) -> Poll<PyResult<Py<PyAny>>> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, call) = self.call.get(py)?;
        let call = call.clone();
        future::future(py, core, move |py, cx| look(py, &call, cx))
    }

    /// Sees to it that the call goes out though nobody waits for it.
    fn open_soon(&self, py: Python<'_>) -> PyResult<()> {
        let (core, call) = self.call.get(py)?;
        let call = Arc::downgrade(call);
        future::tend(py, core, move |_, cx| match call.upgrade() {
            Some(call) => call.poll_opened(cx),
            None => Poll::Ready(()),
        });
        Ok(())
    }
}

#[pymethods]
impl AioCall {
    #[pyo3(signature = (message, last=false, compress=true))]
    fn send<'py>(
        &self,
        py: Python<'py>,
        message: &Bound<'py, PyAny>,
        last: bool,
        compress: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, call) = self.call.get(py)?;
        let message = message::incoming(message)?;
        check_open(call)?;
        if last {
            let sent = call.send(message, true, compress).is_ok();
            self.open_soon(py)?;
            return future::future(py, core, move |py, _| Poll::Ready(truth(py, sent)));
        }
        let (call, mut message) = (call.clone(), Some(message));
        future::future(py, core, move |py, cx| match call.poll_ready(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(raw::Ended)) => Poll::Ready(truth(py, false)),
            Poll::Ready(Ok(())) => Poll::Ready(check_open(&call).and_then(|()| {
                let sent = message.take().is_some_and(|message| call.send(message, false, compress).is_ok());
                truth(py, sent)
            })),
        })
    }

    fn half_close(&self, py: Python<'_>) -> PyResult<()> {
        let (core, call) = self.call.get(py)?;
        core.look(py, || call.half_close());
        self.open_soon(py)
    }

    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.future(py, |py, call, cx| {
            call.poll_headers(cx).map(|headers| Ok(metadata::outgoing(py, &headers)?.into_any().unbind()))
        })
    }

    fn receive<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.future(py, |py, call, cx| {
            call.poll_message(cx).map(|received| {
                Ok(match received {
                    Some(bytes) => message::outgoing(py, &bytes).into_any().unbind(),
                    None => py.None(),
                })
            })
        })
    }

    fn received_compressed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.call.get(py)?.1.received_compressed())
    }

    fn outcome<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.future(py, |py, call, cx| {
            call.poll_outcome(cx).map(|outcome| Ok(Py::new(py, Outcome(outcome))?.into_any()))
        })
    }

    fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        let (core, call) = self.call.get(py)?;
        Ok(core.look(py, || call.poll_outcome(&Context::from_waker(Waker::noop())).is_ready()))
    }

    fn known_outcome(&self, py: Python<'_>) -> PyResult<Option<Outcome>> {
        let (_, call) = self.call.get(py)?;
        Ok(call.outcome().cloned().map(Outcome))
    }

    #[pyo3(signature = (reason="its caller wants it no more", code=1))]
    fn cancel(&self, py: Python<'_>, reason: &str, code: i64) -> PyResult<bool> {
        let (core, call) = self.call.get(py)?;
        core.look(py, || cancel(call, reason, code))
    }

    fn add_done_callback(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<bool> {
        let (core, call) = self.call.get(py)?;
        if call.outcome().is_some() {
            return Ok(false);
        }
        let (of, call) = (core.clone(), call.clone());
        future::tend(py, core, move |py, cx| call.poll_outcome(cx).map(|_| of.call_soon(py, &callback)));
        Ok(true)
    }

    fn time_left(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        Ok(time_left(self.call.get(py)?.1.deadline()))
    }

    #[getter]
    fn peer(&self) -> &str {
        &self.peer
    }
}

/// A bool of Python's.
pub(super) fn truth(py: Python<'_>, truth: bool) -> PyResult<Py<PyAny>> {
    Ok(truth.into_pyobject(py)?.to_owned().into_any().unbind())
}

impl Drop for AioCall {
    fn drop(&mut self) {
        if let Some((_, call)) = self.call.alive() {
            // Whoever waits for its end is told.
            call.cancel("it was dropped");
        }
    }
}
