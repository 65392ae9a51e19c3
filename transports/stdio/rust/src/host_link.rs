//! The child's end of a link to its host.

use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{Descriptors, Interest, Link, LinkError, Peer, Read};
use samehost_transport_posix::FdLink;

use crate::watchman::Signs;

/// The child's end of a link to its host, over the private descriptors. It tells the watchman what
/// it learns of the host.
pub(crate) struct HostLink {
    link: FdLink,
    signs: Arc<Signs>,
}

impl HostLink {
    pub fn new(link: FdLink, signs: Arc<Signs>) -> HostLink {
        HostLink { link, signs }
    }
}

impl Link for HostLink {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let read = self.link.read(buffer);
        if read == Ok(Read::End) {
            self.signs.input_has_ended();
        }
        read
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.link.write(bytes)
    }

    fn wait(&self, interest: Interest, timeout: Option<Duration>) -> Result<Interest, LinkError> {
        self.link.wait(interest, timeout)
    }

    fn wake(&self) {
        self.link.wake();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        self.link.descriptors()
    }

    fn peer(&self) -> &Peer {
        self.link.peer()
    }

    fn limit_spin(&self, limit: Duration) {
        self.link.limit_spin(limit);
    }

    fn peer_said_hello(&self, pid: u64, pid_namespace: u64) {
        self.signs.host_is(pid, pid_namespace);
    }
}

impl Drop for HostLink {
    fn drop(&mut self) {
        self.signs.link_was_dropped();
    }
}
