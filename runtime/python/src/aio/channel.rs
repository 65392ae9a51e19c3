//! The client side, for an event loop.

use std::sync::Arc;
use std::task::Poll;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use samehost::raw;

use super::call::AioCall;
use super::event_loop::{Bridge, Loop};
use super::future;
use super::server::handle;
use crate::arguments::call_options;
use crate::channel::{number, state};
use crate::fork::Own;
use crate::outcome::Outcome;
use crate::way::Way;
use crate::{message, options, status};

/// The way to one server, for an event loop.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct AioChannel(Own<(Arc<Bridge>, Way)>);

impl AioChannel {
    /// The way back to the caller of a server of the same loop.
    pub(super) fn back(core: &Arc<Bridge>, channel: raw::Channel) -> AioChannel {
        AioChannel(Own::new((core.clone(), Way::back(channel))))
    }

    /// The bridge, and the channel, to be used.
    fn used(&self, py: Python<'_>) -> PyResult<(&Arc<Bridge>, &raw::Channel)> {
        let (core, way) = self.0.get(py)?;
        Ok((core, way.channel(py)?))
    }
}

/// Cancels a call whose future was cancelled.
#[pyclass(frozen)]
struct Canceller(Own<Arc<raw::Call>>);

#[pymethods]
impl Canceller {
    fn __call__(&self, py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future.call_method0("cancelled")?.extract()? {
            self.0.get(py)?.cancel("its future was cancelled");
        }
        Ok(())
    }
}

#[pymethods]
impl AioChannel {
    #[new]
    #[pyo3(signature = (r#loop, address, **options))]
    fn new(
        py: Python<'_>,
        r#loop: &Loop,
        address: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<AioChannel> {
        let core = r#loop.core(py)?.clone();
        let builder = options::channel(address, options)?.on_hub(core.hub.clone());
        let way = Way::to(address, builder).map_err(|error| status::raised(py, &error))?;
        Ok(AioChannel(Own::new((core, way))))
    }

    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<&str> {
        Ok(self.0.get(py)?.1.address())
    }

    fn offer(&self, py: Python<'_>, handler: Py<PyAny>) -> PyResult<()> {
        let (core, way) = self.0.get(py)?;
        // Its links have the handler: they must not keep the bridge, which closes them when it is dropped.
        let of = Arc::downgrade(core);
        let serve = move |call| {
            if let Some(core) = of.upgrade() {
                handle(&core, &handler, call);
            }
        };
        way.offer(|builder| builder.serve_on_hub(core.hub.clone(), serve))
    }

    fn medium(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let (_, channel) = self.used(py)?;
        Ok(py.detach(|| channel.medium()).map(|text| text.to_string()))
    }

    #[pyo3(signature = (path, message, metadata=None, timeout=None, wait_for_ready=None, gzip=false))]
    #[allow(clippy::too_many_arguments)] // as many as a call has
    fn unary<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        message: &Bound<'py, PyAny>,
        metadata: Option<&Bound<'py, PyAny>>,
        timeout: Option<f64>,
        wait_for_ready: Option<bool>,
        gzip: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (core, channel) = self.used(py)?;
        let options = call_options(metadata, timeout, wait_for_ready, gzip)?;
        let call = Arc::new(channel.call(path, options));
        // A call that has just begun is not over.
        let _ = call.send(message::incoming(message)?, true, true);
        let canceller = Py::new(py, Canceller(Own::new(call.clone())))?;
        let future = future::future(py, core, move |py, cx| {
            call.poll_single(cx).map(|outcome| Ok(Py::new(py, Outcome(outcome))?.into_any()))
        })?;
        future.call_method1("add_done_callback", (canceller,))?;
        Ok(future)
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
    ) -> PyResult<AioCall> {
        let (core, channel) = self.used(py)?;
        let options = call_options(metadata, timeout, wait_for_ready, gzip)?;
        Ok(AioCall::new(core, channel.call(path, options), channel.address()))
    }

    #[pyo3(signature = (connect=false))]
    fn state(&self, py: Python<'_>, connect: bool) -> PyResult<u8> {
        let (_, channel) = self.used(py)?;
        if connect {
            channel.connect();
        }
        Ok(number(channel.state()))
    }

    fn wait_for_state<'py>(&self, py: Python<'py>, other_than: u8) -> PyResult<Bound<'py, PyAny>> {
        let (core, channel) = self.used(py)?;
        let (from, watch) = (state(other_than), channel.state_watch());
        future::future(py, core, move |py, cx| {
            let state = match from {
                Some(from) => watch.poll_change(from, cx),
                None => Poll::Ready(watch.state()),
            };
            state.map(|state| Ok(number(state).into_pyobject(py)?.into_any().unbind()))
        })
    }

    #[pyo3(signature = (now=true))]
    fn close(&self, py: Python<'_>, now: bool) {
        if let Some((core, way)) = self.0.alive()
            && let Ok(channel) = way.channel(py)
        {
            core.look(py, || channel.shut_down(now));
        }
    }
}
