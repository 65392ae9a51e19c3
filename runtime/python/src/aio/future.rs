//! What is waited for on an event loop, as its futures.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pyo3::prelude::*;
use samehost::raw::HubTask;

use super::event_loop::Bridge;

/// Looks whether something is ready, and what it is then.
type Look = Box<dyn FnMut(Python<'_>, &Context<'_>) -> Poll<PyResult<Py<PyAny>>> + Send>;

/// Something that is waited for on an event loop: a future that is done when it is ready. One that was cancelled
/// takes nothing.
struct Waiting {
    core: Arc<Bridge>,
    queued: AtomicBool,
    /// `None` once it is over; without a future nobody waits for what it does.
    state: Mutex<Option<(Option<Py<PyAny>>, Look)>>,
}

/// A future of the loop for this; it is done at once where that is ready.
pub(super) fn future<'py>(
    py: Python<'py>,
    core: &Arc<Bridge>,
    look: impl FnMut(Python<'_>, &Context<'_>) -> Poll<PyResult<Py<PyAny>>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    let future = core.future(py)?;
    begin(py, core, Some(future.clone().unbind()), Box::new(look));
    Ok(future)
}

/// Does something when it is ready, for nobody in particular.
pub(super) fn tend(
    py: Python<'_>,
    core: &Arc<Bridge>,
    mut look: impl FnMut(Python<'_>, &Context<'_>) -> Poll<()> + Send + 'static,
) {
    begin(py, core, None, Box::new(move |py, cx| look(py, cx).map(|()| Ok(py.None()))));
}

fn begin(py: Python<'_>, core: &Arc<Bridge>, future: Option<Py<PyAny>>, look: Look) {
    let (core, state) = (core.clone(), Mutex::new(Some((future, look))));
    let waiting = Arc::new(Waiting { core: core.clone(), queued: AtomicBool::new(false), state });
    core.look(py, || waiting.advance(py));
}

impl Waiting {
    fn advance(self: &Arc<Self>, py: Python<'_>) {
        self.queued.store(false, Ordering::SeqCst);
        let taken = self.state.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((future, mut look)) = taken else { return };
        if let Some(future) = &future
            && is_done(py, future)
        {
            return;
        }
        let waker = Waker::from(self.clone());
        let Poll::Ready(ready) = look(py, &Context::from_waker(&waker)) else {
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some((future, look));
            return;
        };
        let Some(future) = future else { return };
        let set = match ready {
            Ok(value) => future.call_method1(py, "set_result", (value,)),
            Err(error) => future.call_method1(py, "set_exception", (error.into_value(py),)),
        };
        if let Err(error) = set {
            // The loop is closed.
            error.write_unraisable(py, None);
        }
    }
}

fn is_done(py: Python<'_>, future: &Py<PyAny>) -> bool {
    future.call_method0(py, "done").and_then(|done| done.extract(py)).unwrap_or(true)
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            let hub = self.core.hub.clone();
            hub.wake(self);
        }
    }
}

impl HubTask for Waiting {
    fn run(self: Arc<Self>) {
        Python::attach(|py| self.advance(py));
    }
}
