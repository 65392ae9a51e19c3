//! Waiting without the GIL.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use samehost::raw::{Interrupted, Patience};

use crate::arguments::{seconds, until};
#[cfg(target_os = "linux")]
use crate::fork::generation;

/// How many threads are in this module with nothing but its own code below them or above them: they wait here, or
/// run a handler that was called from here. Each is counted until it has the GIL again, or has given it up for good.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// The interpreter is about to end.
static ENDS: AtomicBool = AtomicBool::new(false);

/// One of those threads, as long as it is held.
pub(crate) struct Inside(());

impl Inside {
    pub(crate) fn enter() -> Inside {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        Inside(())
    }

    /// For what nobody ends before the interpreter does: `None` from then on.
    pub(crate) fn enter_in_time() -> Option<Inside> {
        let inside = Inside::enter();
        (!ENDS.load(Ordering::SeqCst)).then_some(inside)
    }
}

/// In a forked child: the threads that were inside are the parent's.
pub(crate) fn forget_after_fork() {
    INSIDE.store(0, Ordering::SeqCst);
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until no other thread waits in this module or runs a handler of it. Once the interpreter finalises, it ends
/// threads that want the GIL where they are, and a thread that has Rust below it does not survive that.
#[pyfunction]
#[pyo3(signature = (timeout))]
pub(crate) fn settle(py: Python<'_>, timeout: f64) -> PyResult<bool> {
    let until = until(seconds(Some(timeout))?);
    ENDS.store(true, Ordering::SeqCst);
    Ok(py.detach(|| {
        while INSIDE.load(Ordering::SeqCst) > 0 {
            if until.is_some_and(|until| until <= Instant::now()) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }))
}

/// Waits without the GIL. On the main thread Python's signal handlers run meanwhile, and what one raises ends the waiting.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    wait: impl FnOnce(Patience<'_>) -> Result<T, Interrupted> + Send,
) -> PyResult<T> {
    if !is_main_thread() {
        let _inside = Inside::enter();
        return py.detach(|| match wait(Patience::endless()) {
            Ok(waited) => Ok(waited),
            Err(Interrupted) => unreachable!("nobody was asked whether to go on"),
        });
    }
    let mut raised = None;
    let mut goes_on = || match Python::attach(|py| py.check_signals()) {
        Ok(()) => true,
        Err(error) => {
            raised = Some(error);
            false
        }
    };
    let waited = py.detach(|| wait(Patience::endless().asking(&mut goes_on)));
    match (waited, raised) {
        (_, Some(error)) => Err(error),
        (Ok(waited), None) => Ok(waited),
        (Err(Interrupted), None) => unreachable!("whoever stops the waiting has raised"),
    }
}

/// Whether this is the thread on which Python runs signal handlers: the process's first one.
fn is_main_thread() -> bool {
    #[cfg(target_os = "linux")]
    {
        thread_local! {
            static TOLD: std::cell::Cell<Option<(u32, bool)>> = const { std::cell::Cell::new(None) };
        }
        let generation = generation();
        TOLD.with(|told| match told.get() {
            Some((of, is_main)) if of == generation => is_main,
            _ => {
                // SAFETY: it takes nothing and cannot fail.
                let thread = unsafe { libc::gettid() };
                let is_main = u32::try_from(thread) == Ok(std::process::id());
                told.set(Some((generation, is_main)));
                is_main
            }
        })
    }
    #[cfg(not(target_os = "linux"))]
    // Where it cannot be told, every thread looks: on others than the main one that finds nothing.
    true
}
