//! What a session has of whoever moves its bytes, and what it leaves to that one.

use std::sync::Arc;
use std::time::Instant;

use samehost_transport_api::Link;

use super::{Own, Session};
use crate::call::park::Parker;

/// Whoever moves a session's bytes: a task, or the threads that call. [`attend`](Driver::attend) is
/// called without the lock by any thread, whenever there is something to write or an end to explain.
pub(crate) trait Driver: Send + Sync {
    fn attend(&self, session: &Arc<Session>);

    /// As [`Session::awaited`].
    #[cfg(feature = "tonic")]
    fn awaited(&self) {}

    /// As [`Session::is_read_by_callers`]. Where it is, the methods below are there, too.
    fn is_read_by_callers(&self) -> bool {
        false
    }

    /// As [`Session::wait`].
    fn wait(
        &self,
        _session: &Arc<Session>,
        parker: &Arc<Parker>,
        until: Option<Instant>,
        _own: &mut Option<Own<'_>>,
    ) {
        parker.park(until);
    }

    /// As [`Session::read_on`].
    fn read_on(&self, _session: &Arc<Session>) {}

    /// As [`Session::refresh`].
    fn refresh(&self, _session: &Arc<Session>) {}
}

/// Prepares the driver of a new session; what it answers starts it, once the peer has said HELLO. It
/// is made where a connection is first needed, in the context of the caller.
pub(crate) type Starter = Arc<dyn Fn() -> (Box<dyn Driver>, Start) + Send + Sync>;

/// Starts the driver of a session.
pub(crate) type Start = Box<dyn FnOnce(Arc<Session>, Arc<dyn Link>) + Send>;

impl Session {
    /// A call waits for its answer, and nobody reads the link at its place.
    #[cfg(feature = "tonic")]
    pub(crate) fn awaited(&self) {
        self.driver.awaited();
    }

    /// Whether the threads that wait for something take turns at reading the link.
    pub(crate) fn is_read_by_callers(&self) -> bool {
        self.driver.is_read_by_callers()
    }

    /// Waits until this thread is woken, or has read all that it waits for itself, at most until then; meanwhile it may
    /// read for all.
    #[inline]
    pub(crate) fn wait(
        self: &Arc<Self>,
        parker: &Arc<Parker>,
        until: Option<Instant>,
        own: &mut Option<Own<'_>>,
    ) {
        self.driver.wait(self, parker, until, own);
    }

    /// Sees to it that an open session is read, for one who waits without a thread.
    pub(crate) fn read_on(self: &Arc<Self>) {
        self.driver.read_on(self);
    }

    /// Reads what has arrived at an idle session that nobody reads, so that its end is seen before it is used again.
    pub(crate) fn refresh(self: &Arc<Self>) {
        self.driver.refresh(self);
    }
}
