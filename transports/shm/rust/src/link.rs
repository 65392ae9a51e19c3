//! A link over shared memory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, Result};
use samehost_transport_api::{Descriptors, Fault, Interest, Link, LinkError, Peer, Read};
use samehost_transport_posix::{Spin, Wake, errno_text};
use samehost_transport_reception::Upgraded;

use crate::bells::{arm, disarm, to_ring};
use crate::cells::Cells;
use crate::layout::{CLOSED, PLUGGED, Side, WAIT_DATA, WAIT_SPACE};
use crate::region::Region;
use crate::ring::{Lie, Reader, Writer};
use crate::sockets::{Found, Sockets};

/// A look at the memory takes some 30 ns.
const FREE_LOOKS: u32 = 32;

/// A [`Link`] over two rings in shared memory, with a socket for doorbells and for learning of the
/// peer's death. Reading and writing make no system call unless the peer sleeps. It knows nothing of
/// how the memory was agreed on, and never shuts a socket down, as a forked sibling may hold it.
///
/// Who waits by [`wait`](Link::wait) says so in the memory for just that long. Who asks for the
/// [`descriptors`](Link::descriptors) polls them by itself; from then on every read that finds
/// nothing, and every write that finds no room, says that this side sleeps.
pub(crate) struct ShmLink {
    side: Side,
    region: Region,
    reader: Reader,
    writer: Writer,
    sockets: Sockets,
    wake: Wake,
    spin: Spin,
    peer: Peer,
    /// The descriptors are polled by somebody.
    polled: AtomicBool,
    /// What was said to the peer on behalf of that somebody: to ring for bytes, to ring for room.
    armed_for_data: AtomicBool,
    armed_for_space: AtomicBool,
    /// The peer has gone, by the socket's word.
    gone: AtomicBool,
    /// The peer has claimed what cannot be.
    lied: AtomicBool,
}

impl ShmLink {
    pub fn over(side: Side, region: Region, bell: OwnedFd, second: OwnedFd, peer: Peer) -> Result<ShmLink> {
        Ok(ShmLink {
            side,
            region,
            reader: Reader::of(side.peer()),
            writer: Writer::of(side),
            sockets: Sockets { bell: bell.into(), second: second.into() },
            wake: Wake::new()?,
            spin: Spin::new(FREE_LOOKS),
            peer,
            polled: AtomicBool::new(false),
            armed_for_data: AtomicBool::new(false),
            armed_for_space: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            lied: AtomicBool::new(false),
        })
    }
}

impl Upgraded for ShmLink {
    fn peek(&self, buffer: &mut [u8]) -> std::result::Result<Read, LinkError> {
        // In this order: what rings from here on is for bytes that are not looked at here.
        self.hear();
        arm(&self.region, self.side, WAIT_DATA);
        let over = self.is_over();
        match self.reader.peek(&self.region, buffer) {
            Ok(0) if over => Ok(Read::End),
            Ok(0) => Ok(Read::Empty),
            Ok(count) => Ok(Read::Bytes(count)),
            Err(Lie) => Err(self.lie()),
        }
    }

    fn bell(&self) -> BorrowedFd<'_> {
        self.sockets.bell.as_fd()
    }
}

impl ShmLink {
    /// Neither reads nor writes any more, by its own word or the socket's.
    fn is_over(&self) -> bool {
        self.gone.load(Ordering::Acquire)
            // Acquire: all that it wrote before it said so is seen.
            || self.region.word(self.side.peer(), Ordering::Acquire) & CLOSED != 0
    }

    fn ready(&self, interest: Interest) -> Interest {
        let over = self.is_over() || self.lied.load(Ordering::Relaxed);
        Interest {
            read: interest.read && (over || self.reader.has_bytes(&self.region)),
            write: interest.write && (over || self.writer.has_room(&self.region)),
        }
    }

    /// There are bytes: now and then the peer is told that there is room, if it waits for some.
    #[inline]
    fn was_read(&self, count: usize) -> Read {
        if self.armed_for_data.load(Ordering::Relaxed) {
            self.disarm_for_data();
            self.spin.awake();
        }
        if self.reader.owes_look(&self.region) {
            self.look_for_writer();
        }
        Read::Bytes(count)
    }

    #[cold]
    fn look_for_writer(&self) {
        let bits = to_ring(&self.region, self.side, WAIT_SPACE, PLUGGED);
        if bits != 0 {
            self.ring_for(bits);
        }
    }

    #[cold]
    fn ring_for(&self, bits: u32) {
        if bits & PLUGGED != 0 {
            self.sockets.unplug();
        }
        if !self.sockets.ring() {
            self.gone.store(true, Ordering::Release);
        }
    }

    #[cold]
    fn disarm_for_data(&self) {
        self.armed_for_data.store(false, Ordering::Relaxed);
        if disarm(&self.region, self.side, WAIT_DATA) != 0 {
            self.hear();
        }
    }

    fn hear(&self) -> Found {
        let found = self.sockets.hear();
        if found == Found::End {
            self.gone.store(true, Ordering::Release);
        }
        found
    }

    #[cold]
    fn read_nothing(&self, buffer: &mut [u8]) -> std::result::Result<Read, LinkError> {
        loop {
            let over = self.is_over();
            if !over && !self.polled.load(Ordering::Relaxed) {
                return Ok(Read::Empty);
            }
            if !over {
                arm(&self.region, self.side, WAIT_DATA);
                self.armed_for_data.store(true, Ordering::Relaxed);
            }
            // Once more: bytes may have come before it was over, or before this side said it sleeps.
            match self.reader.read(&self.region, buffer) {
                Ok(0) if over => return Ok(Read::End),
                Ok(0) => match self.hear() {
                    Found::Nothing => return Ok(Read::Empty),
                    // What it rang for may have come after the look at the ring; and it rings once.
                    Found::Rings | Found::End => {}
                },
                Ok(count) => return Ok(self.was_read(count)),
                Err(Lie) => return Err(self.lie()),
            }
        }
    }

    #[cold]
    fn write_nothing(&self, bytes: &[u8]) -> std::result::Result<usize, LinkError> {
        if !self.polled.load(Ordering::Relaxed) {
            return Ok(0);
        }
        if !self.sockets.plug() {
            self.gone.store(true, Ordering::Release);
            return Err(self.broken_pipe());
        }
        arm(&self.region, self.side, WAIT_SPACE | PLUGGED);
        self.armed_for_space.store(true, Ordering::Relaxed);
        match self.writer.write(&self.region, bytes) {
            Ok(0) if self.is_over() => Err(self.broken_pipe()),
            Ok(0) => Ok(0),
            Ok(count) => Ok(self.was_written(count)),
            Err(Lie) => Err(self.lie()),
        }
    }

    #[inline]
    fn was_written(&self, count: usize) -> usize {
        if self.armed_for_space.load(Ordering::Relaxed) {
            self.armed_for_space.store(false, Ordering::Relaxed);
            disarm(&self.region, self.side, WAIT_SPACE | PLUGGED);
        }
        if to_ring(&self.region, self.side, WAIT_DATA, 0) != 0 {
            self.ring_for(WAIT_DATA);
        }
        count
    }

    fn lie(&self) -> LinkError {
        self.lied.store(true, Ordering::Relaxed);
        let reason = "a position in the shared memory that cannot be";
        Fault::Malformed.with(&[&self.peer.address, &"PROTOCOL_ERROR", &reason])
    }

    fn broken_pipe(&self) -> LinkError {
        self.failed("write", Errno::PIPE)
    }

    fn failed(&self, operation: &str, errno: Errno) -> LinkError {
        Fault::LinkFailed.with(&[&self.peer.address, &operation, &errno_text(errno)])
    }

    fn sleep(&self, interest: Interest, timeout: Option<Duration>) -> std::result::Result<(), LinkError> {
        // A timeout beyond what the system's clock takes is no limit.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let wanted = if interest == Interest::NONE { PollFlags::empty() } else { PollFlags::IN };
        let mut polled = [
            PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.sockets.bell.as_fd(), wanted),
        ];
        // One that nobody is interested in is not polled at all: its end would be told nevertheless.
        let polled = if wanted.is_empty() { &mut polled[..1] } else { &mut polled[..] };
        match poll(polled, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(errno) => return Err(self.failed("poll", errno)),
        }
        if polled.get(1).is_some_and(|bell| !bell.revents().is_empty()) {
            self.hear();
        }
        if polled[0].revents().intersects(PollFlags::IN) {
            self.wake.hush();
        }
        Ok(())
    }
}

impl Link for ShmLink {
    #[inline]
    fn read(&self, buffer: &mut [u8]) -> std::result::Result<Read, LinkError> {
        debug_assert!(!buffer.is_empty());
        match self.reader.read(&self.region, buffer) {
            Ok(0) => self.read_nothing(buffer),
            Ok(count) => Ok(self.was_read(count)),
            Err(Lie) => Err(self.lie()),
        }
    }

    #[inline]
    fn write(&self, bytes: &[u8]) -> std::result::Result<usize, LinkError> {
        debug_assert!(!bytes.is_empty());
        if self.is_over() {
            return Err(self.broken_pipe());
        }
        match self.writer.write(&self.region, bytes) {
            Ok(0) => self.write_nothing(bytes),
            Ok(count) => Ok(self.was_written(count)),
            Err(Lie) => Err(self.lie()),
        }
    }

    fn wait(
        &self,
        interest: Interest,
        timeout: Option<Duration>,
    ) -> std::result::Result<Interest, LinkError> {
        let ready = self.ready(interest);
        if ready != Interest::NONE {
            return Ok(ready);
        }
        let over = || self.ready(interest) != Interest::NONE || self.wake.is_rung();
        if interest != Interest::NONE && timeout != Some(Duration::ZERO) && self.spin.until(timeout, over) {
            let ready = self.ready(interest);
            if ready != Interest::NONE {
                return Ok(ready);
            }
        }
        let data = if interest.read { WAIT_DATA } else { 0 };
        let bits = data | if interest.write { WAIT_SPACE } else { 0 };
        arm(&self.region, self.side, bits);
        let ready = self.ready(interest);
        let slept = if ready == Interest::NONE {
            let of_use = |_: &_| self.ready(interest) != Interest::NONE;
            self.spin.asleep(|| self.sleep(interest, timeout), of_use)
        } else {
            Ok(())
        };
        // What was said for an event loop holds on.
        let kept = if self.armed_for_data.load(Ordering::Relaxed) { WAIT_DATA } else { 0 };
        let kept = kept | if self.armed_for_space.load(Ordering::Relaxed) { WAIT_SPACE } else { 0 };
        disarm(&self.region, self.side, bits & !kept);
        slept?;
        Ok(self.ready(interest))
    }

    fn wake(&self) {
        self.wake.ring();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        if !self.polled.swap(true, Ordering::Relaxed) {
            arm(&self.region, self.side, WAIT_DATA);
            self.armed_for_data.store(true, Ordering::Relaxed);
        }
        Descriptors { read: self.sockets.bell.as_fd(), write: self.sockets.second.as_fd() }
    }

    fn look(&self) -> bool {
        let has_come = || self.ready(Interest::READ).read;
        if has_come() {
            return true;
        }
        if !self.spin.can_glance() {
            return false;
        }
        // For whoever looks nobody has to ring.
        if self.armed_for_data.load(Ordering::Relaxed) {
            self.disarm_for_data();
        }
        self.spin.glance(has_come) || {
            arm(&self.region, self.side, WAIT_DATA);
            self.armed_for_data.store(true, Ordering::Relaxed);
            has_come()
        }
    }

    fn can_look(&self) -> bool {
        true
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn limit_spin(&self, limit: Duration) {
        self.spin.limit(limit);
    }

    fn medium(&self) -> String {
        format!("shared memory, {} bytes each way", self.region.ring_bytes())
    }
}

impl Drop for ShmLink {
    fn drop(&mut self) {
        self.region.set_bits(self.side, CLOSED);
        // The end of the socket would wake the peer too, but not where a forked sibling holds it.
        self.sockets.ring();
    }
}
