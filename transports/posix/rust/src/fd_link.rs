//! A link over file descriptors.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, Result};
use samehost_transport_api::{Descriptors, Fault, Interest, Link, LinkError, Peer, Read};

use crate::half::Half;
use crate::source::Source;
use crate::{Spin, Wake, errno_text};

/// A [`Link`] over one descriptor for both directions or one for each: sockets, pipes and FIFOs.
/// It never sets `O_NONBLOCK` on an open file description that others may share, and it never
/// shuts a socket down, as a forked sibling may hold it: it only closes its own descriptors.
pub struct FdLink {
    source: Source,
    output: Half,
    /// The input and the output are the same descriptor.
    one: bool,
    wake: Wake,
    peer: Peer,
    medium: String,
    spin: Spin,
}

impl FdLink {
    /// A link over one two-way descriptor, a socket. Its open file description must be this
    /// process's alone.
    pub fn over(fd: OwnedFd, peer: Peer) -> Result<FdLink> {
        let half = Half::own(fd)?;
        FdLink::of(half.clone(), half, true, peer)
    }

    /// A link over two descriptors whose open file descriptions are this process's alone, such as
    /// its ends of pipes that it has made. They are set non-blocking.
    pub fn over_two(input: OwnedFd, output: OwnedFd, peer: Peer) -> Result<FdLink> {
        FdLink::of(Half::own(input)?, Half::own(output)?, false, peer)
    }

    /// A link over two descriptors that were inherited, so that other processes may have their
    /// open file descriptions: these are left as they are.
    pub fn over_inherited(input: OwnedFd, output: OwnedFd, peer: Peer) -> Result<FdLink> {
        FdLink::of(Half::shared(input)?, Half::shared(output)?, false, peer)
    }

    fn of(input: Half, output: Half, one: bool, peer: Peer) -> Result<FdLink> {
        Ok(FdLink {
            source: Source::of(input),
            output,
            one,
            wake: Wake::new()?,
            peer,
            medium: String::new(),
            spin: Spin::new(1),
        })
    }

    /// This link, with bytes that were taken from the descriptor already and are read first.
    #[must_use]
    pub fn with_initial(mut self, bytes: Vec<u8>) -> FdLink {
        self.source.give_first(bytes);
        self
    }

    /// This link, with what is to be said of how it carries its bytes.
    #[must_use]
    pub fn with_medium(self, medium: String) -> FdLink {
        FdLink { medium, ..self }
    }

    fn poll(&self, interest: Interest, timeout: Option<Duration>) -> std::result::Result<Found, LinkError> {
        // A timeout beyond what the system's clock takes is no limit.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let none = PollFlags::empty();
        let reading = if interest.read { PollFlags::IN } else { none };
        let writing = if interest.write { PollFlags::OUT } else { none };
        let (first, second) = if self.one { (reading | writing, none) } else { (reading, writing) };
        // A descriptor of no interest is not polled at all: its end would be told nevertheless.
        let mut polled = [
            PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(
                if first == none { self.wake.as_fd() } else { self.source.half.fd.as_fd() },
                first,
            ),
            PollFd::from_borrowed_fd(
                if second == none { self.wake.as_fd() } else { self.output.fd.as_fd() },
                second,
            ),
        ];
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Found { ready: Interest::NONE, woken: true }),
            Err(errno) => return Err(self.failed("poll", errno)),
        }
        let [rung, first, second] = polled.map(|fd| fd.revents());
        let woken = rung.intersects(PollFlags::IN);
        if woken {
            self.wake.hush();
        }
        // Errors and hang-ups are told by the operation itself, so it counts as ready.
        let over = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        let output = if self.one { first } else { second };
        let ready = Interest {
            read: interest.read && first.intersects(PollFlags::IN | over),
            write: interest.write && output.intersects(PollFlags::OUT | over),
        };
        Ok(Found { ready, woken })
    }

    fn failed(&self, operation: &str, errno: Errno) -> LinkError {
        Fault::LinkFailed.with(&[&self.peer.address, &operation, &errno_text(errno)])
    }
}

/// What a poll found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    ready: Interest,
    woken: bool,
}

impl Link for FdLink {
    fn read(&self, buffer: &mut [u8]) -> std::result::Result<Read, LinkError> {
        debug_assert!(!buffer.is_empty());
        self.source.read(buffer).map_err(|errno| self.failed("read", errno))
    }

    fn write(&self, bytes: &[u8]) -> std::result::Result<usize, LinkError> {
        debug_assert!(!bytes.is_empty());
        match self.output.write(bytes) {
            Ok(count) => Ok(count),
            Err(Errno::AGAIN) => Ok(0),
            Err(errno) => Err(self.failed("write", errno)),
        }
    }

    fn wait(
        &self,
        interest: Interest,
        timeout: Option<Duration>,
    ) -> std::result::Result<Interest, LinkError> {
        if interest.read && self.source.is_ready() {
            let found = self.poll(interest, Some(Duration::ZERO))?;
            return Ok(Interest { read: true, ..found.ready });
        }
        if interest != Interest::NONE && timeout != Some(Duration::ZERO) {
            if interest == Interest::READ && self.source.can_look() {
                self.spin.until(timeout, || self.source.look() || self.wake.is_rung());
                if self.source.is_ready() {
                    return Ok(Interest::READ);
                }
            } else {
                let mut found = Ok(Found::default());
                let look = || {
                    found = self.poll(interest, Some(Duration::ZERO));
                    found != Ok(Found::default())
                };
                if self.spin.until(timeout, look) {
                    return found.map(|found| found.ready);
                }
            }
        }
        let of_use = |found: &std::result::Result<Found, _>| {
            found.as_ref().is_ok_and(|found| found.ready != Interest::NONE)
        };
        self.spin.asleep(|| self.poll(interest, timeout), of_use).map(|found| found.ready)
    }

    fn wake(&self) {
        self.wake.ring();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        Descriptors { read: self.source.half.fd.as_fd(), write: self.output.fd.as_fd() }
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn limit_spin(&self, limit: Duration) {
        self.spin.limit(limit);
    }

    fn medium(&self) -> String {
        self.medium.clone()
    }
}

impl AsFd for FdLink {
    /// The descriptor that is read.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.half.fd.as_fd()
    }
}

#[cfg(test)]
mod polled {
    use std::sync::Arc;

    use samehost_transport_testkit::{Ends, Subject, link_contract};

    use super::*;

    fn link(input: OwnedFd, output: OwnedFd) -> Arc<dyn Link> {
        let (input, output) = (Half::polled(input), Half::polled(output));
        Arc::new(FdLink::of(input, output, false, Peer::at("test-polled:")).unwrap())
    }

    fn ends() -> Ends {
        let ((there, from), (back, to)) = (rustix::pipe::pipe().unwrap(), rustix::pipe::pipe().unwrap());
        Ends { left: link(there, to), right: link(back, from), keep: Box::new(()) }
    }

    link_contract!(Subject { knows_process: false, knows_user: false, ..Subject::of(ends) });
}
