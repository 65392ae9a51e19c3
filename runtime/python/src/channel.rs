//! The client side, for threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use samehost::ConnectivityState;
use samehost::raw;

use crate::arguments::{call_options, seconds, until};
use crate::call::Call;
use crate::fork::Own;
use crate::handlers::Handlers;
use crate::outcome::Outcome;
use crate::waiting::wait;
use crate::way::Way;
use crate::{callbacks, message, options, status};

/// gRPC's number of a state.
pub(crate) fn number(state: ConnectivityState) -> u8 {
    match state {
        ConnectivityState::Idle => 0,
        ConnectivityState::Connecting => 1,
        ConnectivityState::Ready => 2,
        ConnectivityState::TransientFailure => 3,
        ConnectivityState::Shutdown => 4,
    }
}

/// The state with this number; one that is none is taken for another one than all.
pub(crate) fn state(number: u8) -> Option<ConnectivityState> {
    use ConnectivityState::{Connecting, Idle, Ready, Shutdown, TransientFailure};
    [Idle, Connecting, Ready, TransientFailure, Shutdown].get(usize::from(number)).copied()
}

/// The way to one server, for threads.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct Channel(Own<Way>);

impl Channel {
    /// The way back to the caller of a server.
    pub(crate) fn back(channel: raw::Channel) -> Channel {
        Channel(Own::new(Way::back(channel)))
    }

    /// The channel, to be used, or why it cannot be used in this process.
    pub(crate) fn raw(&self, py: Python<'_>) -> PyResult<&raw::Channel> {
        self.0.get(py)?.channel(py)
    }
}

#[pymethods]
impl Channel {
    #[new]
    #[pyo3(signature = (address, **options))]
    fn new(py: Python<'_>, address: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Channel> {
        let builder = options::channel(address, options)?;
        Ok(Channel(Own::new(Way::to(address, builder).map_err(|error| status::raised(py, &error))?)))
    }

    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<&str> {
        Ok(self.0.get(py)?.address())
    }

    #[pyo3(signature = (handler, *, inline=true, unary=None))]
    fn offer(
        &self,
        py: Python<'_>,
        handler: Py<PyAny>,
        inline: bool,
        unary: Option<Py<PyDict>>,
    ) -> PyResult<()> {
        let serve = Handlers::new(handler, unary).into_function();
        self.0.get(py)?.offer(|builder| builder.serve_on_threads(inline, callbacks::around(), serve))
    }

    fn medium(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let channel = self.raw(py)?;
        Ok(py.detach(|| channel.medium()).map(|text| text.to_string()))
    }

    #[pyo3(signature = (path, message, metadata=None, timeout=None, wait_for_ready=None, gzip=false))]
    #[allow(clippy::too_many_arguments)] // as many as a call has
    fn unary(
        &self,
        py: Python<'_>,
        path: &str,
        message: &Bound<'_, PyAny>,
        metadata: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
        wait_for_ready: Option<bool>,
        gzip: bool,
    ) -> PyResult<Outcome> {
        let channel = self.raw(py)?;
        let options = call_options(metadata, timeout, wait_for_ready, gzip)?;
        let message = message::incoming(message)?;
        let outcome = wait(py, |patience| channel.unary(path, options, message, patience))?;
        Ok(Outcome(Arc::new(outcome)))
    }

    #[pyo3(signature = (path, metadata=None, timeout=None, wait_for_ready=None, gzip=false))]
    fn call(
        &self,
        py: Python<'_>,
        path: &str,
        metadata: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
        wait_for_ready: Option<bool>,
        gzip: bool,
    ) -> PyResult<Call> {
        let channel = self.raw(py)?;
        let options = call_options(metadata, timeout, wait_for_ready, gzip)?;
        Ok(Call::new(channel.call(path, options), channel.address()))
    }

    #[pyo3(signature = (connect=false))]
    fn state(&self, py: Python<'_>, connect: bool) -> PyResult<u8> {
        let channel = self.raw(py)?;
        if connect {
            channel.connect();
        }
        Ok(number(channel.state()))
    }

    #[pyo3(signature = (other_than, timeout=None))]
    fn wait_for_state(&self, py: Python<'_>, other_than: u8, timeout: Option<f64>) -> PyResult<bool> {
        let channel = self.raw(py)?;
        let until = until(seconds(timeout)?);
        let Some(from) = state(other_than) else { return Ok(true) };
        Ok(wait(py, |patience| channel.wait_for_state(from, patience.until(until)))?.is_some())
    }

    fn watch_state(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<Watch> {
        let watch = self.raw(py)?.state_watch();
        let cancelled = Arc::new(AtomicBool::new(false));
        let over = cancelled.clone();
        let mut state = watch.state();
        callbacks::tender().tend(async move {
            while !over.load(Ordering::SeqCst) {
                callbacks::call(&callback, |py| (number(state),).into_pyobject(py));
                if state == ConnectivityState::Shutdown {
                    break;
                }
                state = std::future::poll_fn(|cx| watch.poll_change(state, cx)).await;
            }
        });
        Ok(Watch(cancelled))
    }

    #[pyo3(signature = (now=true))]
    fn close(&self, py: Python<'_>, now: bool) {
        // In a forked child there is nothing left to close.
        if let Some(Ok(channel)) = self.0.alive().map(|way| way.channel(py)) {
            py.detach(|| channel.shut_down(now));
        }
    }
}

/// A callback that is called until it is cancelled.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct Watch(Arc<AtomicBool>);

#[pymethods]
impl Watch {
    fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
