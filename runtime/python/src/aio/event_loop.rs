//! The bridge to one asyncio event loop.

use std::collections::HashMap;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use samehost::raw::{Hub, HubLink};
use samehost_transport_posix::Wake;

use crate::fork::Own;

/// The bridge to one asyncio event loop.
#[pyclass(frozen, module = "samehost._native")]
pub(crate) struct Loop(Own<Arc<Bridge>>);

/// Whoever needs the bridge: its objects, and what is waited for. When the last one has gone it is closed.
pub(super) struct Bridge(Arc<LoopCore>);

impl Deref for Bridge {
    type Target = Arc<LoopCore>;

    fn deref(&self) -> &Arc<LoopCore> {
        &self.0
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        Python::try_attach(|py| self.0.close(py));
    }
}

/// What the objects of one event loop share. Its Python side is the loop's thread's alone.
pub(super) struct LoopCore {
    pub(super) hub: Hub,
    event_loop: Py<PyAny>,
    create_future: Py<PyAny>,
    bell: Arc<Wake>,
    thread: ThreadId,
    closed: AtomicBool,
    watched: Mutex<HashMap<*const HubLink, Watched>>,
}

// SAFETY: the pointers are names of links and are never followed.
unsafe impl Send for LoopCore {}
// SAFETY: as above; everything else of it may be shared.
unsafe impl Sync for LoopCore {}

/// How a link is watched by the loop.
struct Watched {
    link: Arc<HubLink>,
    read: RawFd,
    write: RawFd,
    turn: Py<Turn>,
    for_room: bool,
}

/// What the loop calls: one link is ready, or the bell was rung.
#[pyclass(frozen)]
struct Turn {
    core: Own<Arc<LoopCore>>,
    link: Option<Arc<HubLink>>,
}

#[pymethods]
impl Turn {
    fn __call__(&self, py: Python<'_>) {
        let Some(core) = self.core.alive() else { return };
        if self.link.is_none() {
            core.bell.hush();
            core.hub.hear();
        }
        core.look(py, || {
            if let Some(link) = &self.link {
                link.turn();
                core.watch(py, link);
            }
        });
    }
}

#[pymethods]
impl Loop {
    #[new]
    fn new(py: Python<'_>, r#loop: Py<PyAny>) -> PyResult<Loop> {
        let bell = Wake::new().map_err(|errno| PyOSError::new_err((errno.raw_os_error(), "eventfd")))?;
        let bell = Arc::new(bell);
        let rung = bell.clone();
        let core = Arc::new(LoopCore {
            hub: Hub::new(move || rung.ring()),
            create_future: r#loop.getattr(py, "create_future")?,
            event_loop: r#loop,
            bell,
            thread: thread::current().id(),
            closed: AtomicBool::new(false),
            watched: Mutex::default(),
        });
        let turn = Py::new(py, Turn { core: Own::new(core.clone()), link: None })?;
        core.event_loop.call_method1(py, "add_reader", (core.bell.as_fd().as_raw_fd(), turn))?;
        Ok(Loop(Own::new(Arc::new(Bridge(core)))))
    }

    fn close(&self, py: Python<'_>) {
        if let Some(core) = self.0.alive() {
            core.close(py);
        }
    }
}

impl Loop {
    pub(super) fn core(&self, py: Python<'_>) -> PyResult<&Arc<Bridge>> {
        self.0.get(py)
    }
}

impl LoopCore {
    /// Does something on behalf of the loop, and then what follows from it. On another thread the bell is rung
    /// for that.
    pub(super) fn look<R>(self: &Arc<Self>, py: Python<'_>, act: impl FnOnce() -> R) -> R {
        let outermost = thread::current().id() == self.thread && self.hub.begin_look();
        let done = act();
        if outermost {
            loop {
                while self.hub.has_something() {
                    for link in self.hub.take_news() {
                        link.turn();
                        self.watch(py, &link);
                    }
                    self.hub.take_woken().into_iter().for_each(|task| task.run());
                }
                self.hub.end_look();
                if !self.hub.has_something() || !self.hub.begin_look() {
                    break;
                }
            }
        }
        done
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<*const HubLink, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the loop watch a link as that wants, or no more.
    fn watch(self: &Arc<Self>, py: Python<'_>, link: &Arc<HubLink>) {
        if let Err(error) = self.try_watch(py, link) {
            // The loop is closed, or cannot watch such a descriptor: then nobody moves the link's bytes.
            if !self.closed.load(Ordering::SeqCst) {
                error.write_unraisable(py, None);
            }
            link.close();
        }
    }

    fn try_watch(self: &Arc<Self>, py: Python<'_>, link: &Arc<HubLink>) -> PyResult<()> {
        let name = Arc::as_ptr(link);
        let known = self.watched().remove(&name);
        if link.is_over() || self.closed.load(Ordering::SeqCst) {
            let removed = known.map_or(Ok(()), |known| self.forget(py, &known));
            link.close();
            return removed;
        }
        let mut known = match known {
            Some(known) => known,
            None => {
                let Some((read, write)) = link.descriptors() else { return Ok(()) };
                let turn = Py::new(py, Turn { core: Own::new(self.clone()), link: Some(link.clone()) })?;
                self.event_loop.call_method1(py, "add_reader", (read, &turn))?;
                Watched { link: link.clone(), read, write, turn, for_room: false }
            }
        };
        let wants_room = link.wants_room();
        if wants_room && !known.for_room {
            self.event_loop.call_method1(py, "add_writer", (known.write, &known.turn))?;
        } else if known.for_room && !wants_room {
            self.event_loop.call_method1(py, "remove_writer", (known.write,))?;
        }
        known.for_room = wants_room;
        self.watched().insert(name, known);
        Ok(())
    }

    fn forget(&self, py: Python<'_>, known: &Watched) -> PyResult<()> {
        self.event_loop.call_method1(py, "remove_reader", (known.read,))?;
        if known.for_room {
            self.event_loop.call_method1(py, "remove_writer", (known.write,))?;
        }
        Ok(())
    }

    fn close(self: &Arc<Self>, py: Python<'_>) {
        if self.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        let watched = std::mem::take(&mut *self.watched());
        // A loop that is closed watches nothing any more.
        let _ = self.event_loop.call_method1(py, "remove_reader", (self.bell.as_fd().as_raw_fd(),));
        for known in watched.values() {
            let _ = self.forget(py, known);
        }
        self.look(py, || self.hub.close());
        watched.into_values().for_each(|known| known.link.close());
    }

    pub(super) fn future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.create_future.bind(py).call0()
    }

    /// Has the loop call back, after what it does now.
    pub(super) fn call_soon(&self, py: Python<'_>, callback: &Py<PyAny>) {
        if let Err(error) = self.event_loop.call_method1(py, "call_soon", (callback,)) {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    }
}
