//! One end of a connection.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::{LinkError, Peer};

/// One end of a connection between two processes: an ordered, reliable, two-way stream of bytes.
/// It knows nothing of frames or calls.
///
/// The contract, which the testkit enforces bullet by bullet:
///
/// - [`read`](Link::read) and [`write`](Link::write) never wait. Only [`wait`](Link::wait) does.
/// - Bytes arrive whole, in order and once, whatever the sizes of the writes and the reads.
/// - `read` answers [`Read::End`] when the peer has ended its direction and all its bytes were
///   read, and keeps answering so. A peer that was killed looks the same.
/// - `write` takes as much as there is room for, which may be nothing; when the peer no longer
///   reads, it fails, and no signal reaches the process.
/// - `wait` returns when one of the wanted operations would make progress (end and failure
///   included), after [`wake`](Link::wake), or after the timeout; never later, and sometimes sooner.
/// - A `wake` is never lost: called while nobody waits, it ends the next `wait`.
/// - One thread may read and wait while another writes; each operation is used by one thread at a
///   time. `wake` may be called from any thread, at any time.
/// - [`descriptors`](Link::descriptors) become ready (readable, writable) whenever `wait` would
///   return for that reason, so that an event loop can wait in its own way: it reads until
///   [`Read::Empty`] and writes until 0 *before* it waits for them. A link may hold bytes that were
///   taken from the descriptor already (those that a listener judged), and of these only `read`
///   and `wait` know.
/// - Dropping the link closes it: every descriptor is freed, and the peer reads what was written
///   before, then the end.
pub trait Link: Send + Sync {
    /// Reads what is there into `buffer`, which is not empty.
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError>;

    /// Writes what there is room for from `bytes`, which is not empty, and answers how many bytes
    /// were taken; 0 when there is no room.
    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError>;

    /// Sleeps until one of the wanted operations can make progress, at most for `timeout` (`None`:
    /// no limit). Answers what is ready; nothing after a wake or at the timeout.
    fn wait(&self, interest: Interest, timeout: Option<Duration>) -> Result<Interest, LinkError>;

    /// Ends the [`wait`](Link::wait) in progress, or the next one.
    fn wake(&self);

    /// The descriptors to poll for reading and for writing; both may be the same.
    fn descriptors(&self) -> Descriptors<'_>;

    /// For an event loop that is about to wait for the [`descriptors`](Link::descriptors): looks for some microseconds
    /// whether [`read`](Link::read) would make progress, where a look needs no system call and that was of use lately;
    /// answers whether it would. Whoever is told so reads; else nothing has changed.
    fn look(&self) -> bool {
        false
    }

    /// Whether [`look`](Link::look) ever looks: where it does not nobody need ask for that.
    fn can_look(&self) -> bool {
        false
    }

    /// Who and what is at the other end, as far as the operating system vouches for it.
    fn peer(&self) -> &Peer;

    /// What carries the bytes, for people, where the address leaves that open: shared memory, or the
    /// socket and why. Empty where there is nothing to say.
    fn medium(&self) -> String {
        String::new()
    }

    /// Told once, before anybody waits: how long [`wait`](Link::wait) may look again and again before it sleeps;
    /// zero is not at all. Who is not told does as usual.
    fn limit_spin(&self, _limit: Duration) {}

    /// Told once, when the peer's HELLO has arrived: the process that the peer says it is (zeros
    /// where it does not know). A transport that watches its peer's life may use it.
    fn peer_said_hello(&self, _pid: u64, _pid_namespace: u64) {}

    /// Adds what the transport knows to a failure of this link: a child's exit status and its last
    /// words on stderr, say. May wait for up to a second for them.
    fn explain(&self, failure: LinkError) -> LinkError {
        failure
    }

    /// As [`explain`](Link::explain), for a link whose peer's HELLO never arrived: it ended, was
    /// silent for too long, or sent something else. `skipped` is what was read before the peer's
    /// preface, or its beginning; `skipped_bytes` is how many bytes that were in all.
    fn explain_silence(&self, failure: LinkError, _skipped: &[u8], _skipped_bytes: u64) -> LinkError {
        failure
    }
}

/// What [`Link::read`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing yet.
    Empty,
    /// The peer has ended its direction.
    End,
}

/// A set of the two operations that can be waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Interest in [`Link::read`].
    pub read: bool,
    /// Interest in [`Link::write`].
    pub write: bool,
}

impl Interest {
    /// Interest in reading alone.
    pub const READ: Interest = Interest { read: true, write: false };
    /// Interest in writing alone.
    pub const WRITE: Interest = Interest { read: false, write: true };
    /// Interest in both.
    pub const BOTH: Interest = Interest { read: true, write: true };
    /// In neither: nothing is ready.
    pub const NONE: Interest = Interest { read: false, write: false };
}

/// The descriptors of a link, for an event loop.
#[derive(Clone, Copy, Debug)]
pub struct Descriptors<'a> {
    /// Readable when [`Link::read`] can make progress.
    pub read: BorrowedFd<'a>,
    /// Writable when [`Link::write`] can make progress.
    pub write: BorrowedFd<'a>,
}
