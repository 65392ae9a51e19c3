//! One call of a client, for threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use samehost::raw;
use samehost::transport::Code;

use crate::arguments::{seconds, time_left, until};
use crate::fork::Own;
use crate::outcome::Outcome;
use crate::waiting::wait;
use crate::{callbacks, message, metadata, status};

/// One call of a client, of any kind, for threads.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct Call {
    call: Own<Arc<raw::Call>>,
    peer: String,
    /// Its outcome is received for a callback, which outlives this.
    collected: AtomicBool,
}

impl Call {
    pub(crate) fn new(call: raw::Call, peer: &str) -> Call {
        Call { call: Own::new(Arc::new(call)), peer: peer.to_owned(), collected: AtomicBool::new(false) }
    }

    /// Waits; the call is cancelled where a signal handler has raised meanwhile.
    fn wait<T: Send>(
        &self,
        py: Python<'_>,
        poll: impl Fn(&raw::Call, &Context<'_>) -> Poll<T> + Send,
    ) -> PyResult<T> {
        let call = self.call.get(py)?;
        match wait(py, |patience| call.wait(patience, poll)) {
            Ok(Some(waited)) => Ok(waited),
            Ok(None) => unreachable!("there is no limit"),
            Err(error) => {
                call.cancel("its waiting was interrupted");
                Err(error)
            }
        }
    }
}

/// Sees to it that a call goes out though nobody waits for it.
pub(crate) fn open_soon(call: &Arc<raw::Call>) {
    if call.poll_opened(&Context::from_waker(Waker::noop())).is_ready() {
        return;
    }
    let call = Arc::downgrade(call);
    callbacks::tender().tend(std::future::poll_fn(move |cx| match call.upgrade() {
        Some(call) => call.poll_opened(cx),
        None => Poll::Ready(()),
    }));
}

/// Ends a call as its caller wants it.
pub(crate) fn cancel(call: &raw::Call, reason: &str, code: i64) -> PyResult<bool> {
    Ok(match status::code(code)? {
        Code::Ok => return Err(pyo3::exceptions::PyValueError::new_err("a call is not cancelled with OK")),
        Code::Cancelled => call.cancel(reason),
        code => call.fail(code, reason),
    })
}

/// A message is sent in order, or the mistake is told.
pub(crate) fn check_open(call: &raw::Call) -> PyResult<()> {
    if call.is_half_closed() && call.outcome().is_none() {
        return Err(PyRuntimeError::new_err("no message follows the end of the request"));
    }
    Ok(())
}

#[pymethods]
impl Call {
    #[pyo3(signature = (message, last=false, compress=true))]
    fn send(&self, py: Python<'_>, message: &Bound<'_, PyAny>, last: bool, compress: bool) -> PyResult<bool> {
        let (call, message) = (self.call.get(py)?, message::incoming(message)?);
        check_open(call)?;
        if !last && self.wait(py, |call, cx| call.poll_ready(cx))?.is_err() {
            return Ok(false);
        }
        check_open(call)?;
        let sent = py.detach(|| {
            let sent = call.send(message, last, compress).is_ok();
            if last && sent {
                open_soon(call);
            }
            sent
        });
        Ok(sent)
    }

    fn half_close(&self, py: Python<'_>) -> PyResult<()> {
        let call = self.call.get(py)?;
        py.detach(|| {
            call.half_close();
            open_soon(call);
        });
        Ok(())
    }

    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        metadata::outgoing(py, &self.wait(py, |call, cx| call.poll_headers(cx))?)
    }

    fn receive<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let received = self.wait(py, |call, cx| call.poll_message(cx))?;
        Ok(received.map(|bytes| message::outgoing(py, &bytes)))
    }

    fn received_compressed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.call.get(py)?.received_compressed())
    }

    #[pyo3(signature = (timeout=None))]
    fn outcome(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Outcome>> {
        let (call, until) = (self.call.get(py)?, until(seconds(timeout)?));
        let collected = self.collected.load(Ordering::SeqCst);
        let waited = wait(py, |patience| {
            call.wait(patience.until(until), |call, cx| {
                if collected { call.poll_single(cx) } else { call.poll_outcome(cx) }
            })
        });
        match waited {
            Ok(outcome) => Ok(outcome.map(Outcome)),
            Err(error) => {
                call.cancel("its waiting was interrupted");
                Err(error)
            }
        }
    }

    fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        let call = self.call.get(py)?;
        Ok(call.poll_outcome(&Context::from_waker(Waker::noop())).is_ready())
    }

    #[pyo3(signature = (reason="its caller wants it no more", code=1))]
    fn cancel(&self, py: Python<'_>, reason: &str, code: i64) -> PyResult<bool> {
        cancel(self.call.get(py)?, reason, code)
    }

    fn add_done_callback(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<bool> {
        let call = self.call.get(py)?.clone();
        if call.outcome().is_some() {
            return Ok(false);
        }
        let collected = self.collected.load(Ordering::SeqCst);
        callbacks::tender().tend(async move {
            call.tended(move |call, cx| if collected { call.poll_single(cx) } else { call.poll_outcome(cx) })
                .await;
            callbacks::call(&callback, |py| Ok(PyTuple::empty(py)));
        });
        Ok(true)
    }

    fn collect(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<()> {
        let call = self.call.get(py)?.clone();
        self.collected.store(true, Ordering::SeqCst);
        callbacks::tender().tend(async move {
            let outcome = call.tended(raw::Call::poll_single).await;
            callbacks::call(&callback, |py| (Outcome(outcome),).into_pyobject(py));
        });
        Ok(())
    }

    fn time_left(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        Ok(time_left(self.call.get(py)?.deadline()))
    }

    #[getter]
    fn peer(&self) -> &str {
        &self.peer
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(call) = self.call.alive().filter(|_| !self.collected.load(Ordering::SeqCst)) {
            // Whoever waits for its end is told.
            call.cancel("it was dropped");
        }
    }
}
