//! The thread that runs the application's callbacks.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use samehost::raw::{Around, Tender};

/// Never freed: a process has one, and another one after a fork.
static TENDER: AtomicPtr<Arc<Tender>> = AtomicPtr::new(std::ptr::null_mut());

/// The tender of this process.
pub(crate) fn tender() -> &'static Arc<Tender> {
    let known = TENDER.load(Ordering::Acquire);
    // SAFETY: what was put there is never freed.
    if let Some(known) = unsafe { known.as_ref() } {
        return known;
    }
    let made = Box::into_raw(Box::new(Tender::new(around())));
    match TENDER.compare_exchange(std::ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: it was made just now and is never freed.
        Ok(_) => unsafe { &*made },
        Err(known) => {
            // SAFETY: nobody else has seen it.
            drop(unsafe { Box::from_raw(made) });
            // SAFETY: what was put there is never freed.
            unsafe { &*known }
        }
    }
}

/// In a forked child: the thread is the parent's.
pub(crate) fn forget_after_fork() {
    TENDER.store(std::ptr::null_mut(), Ordering::Release);
}

/// A thread of ours has one state of Python's for its life, so that attaching is cheap and `threading.local` holds.
pub(crate) fn around() -> Around {
    Arc::new(|run: &mut dyn FnMut()| {
        let mut run = Some(Wrapped(run));
        let attached = Python::try_attach(|py| {
            let run = run.take();
            py.detach(move || {
                if let Some(run) = run {
                    run.run();
                }
            });
        });
        if attached.is_none() {
            // The interpreter is shutting down: nothing of Python's will run, but links are still closed.
            if let Some(run) = run {
                run.run();
            }
        }
    })
}

/// What a thread does: it stays on this thread, though the closure that has it must be sendable.
struct Wrapped<'a>(&'a mut dyn FnMut());

// SAFETY: it is handed from one function of a thread to the next one of the same thread.
unsafe impl Send for Wrapped<'_> {}

impl Wrapped<'_> {
    fn run(self) {
        (self.0)();
    }
}

/// Calls back; what that raises is told to `sys.unraisablehook`. Nothing is called while the interpreter shuts down.
pub(crate) fn call<'a>(
    callback: &Py<PyAny>,
    arguments: impl FnOnce(Python<'_>) -> PyResult<Bound<'_, PyTuple>> + 'a,
) {
    Python::try_attach(|py| {
        let called = arguments(py).and_then(|arguments| callback.call1(py, arguments));
        if let Err(error) = called {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    });
}
