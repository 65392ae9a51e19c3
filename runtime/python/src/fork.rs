//! What `os.fork()` makes of this module's objects.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;
use samehost::transport::Fault;

use crate::status;

/// How often this process was forked, up its line of parents.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// What differs between a process and the children that it forks.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// A value of the process that made it. In a child that was forked it is dead: locks may be held by threads that the
/// child does not have, so it is neither used nor dropped there.
pub(crate) struct Own<T> {
    generation: u32,
    value: ManuallyDrop<T>,
}

impl<T> Own<T> {
    pub(crate) fn new(value: T) -> Own<T> {
        Own { generation: generation(), value: ManuallyDrop::new(value) }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.generation == generation()
    }

    /// The value, or why it cannot be used in this process.
    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<&T> {
        if self.is_alive() {
            return Ok(&self.value);
        }
        Err(status::error(py, Fault::Forked.code(), &Fault::Forked.text(&[])))
    }

    /// The value, where it can be used.
    pub(crate) fn alive(&self) -> Option<&T> {
        self.is_alive().then(|| self.value.deref())
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        if self.is_alive() {
            // SAFETY: it is dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}

/// In the child: everything of the parent's is dead from now on.
pub(crate) fn after_in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    // SAFETY: whatever has one of them is in an `Own` of the generation before, and the threads that had others are not
    // here.
    unsafe { samehost_transport_posix::close_after_fork() };
    samehost::raw::forget_after_fork();
}
