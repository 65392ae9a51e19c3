//! What a link over descriptors reads.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::{Errno, Result};
use samehost_transport_api::Read;

use crate::half::Half;

/// Enough for a short call; the rest of a longer one is read straight to where it belongs.
const LOOK_BYTES: usize = 1 << 10;

/// A descriptor, and those of its bytes that were taken before anybody asked for them, by whoever judged
/// the connection or by a look. It never waits. Used by one thread at a time.
///
/// A look finds out whether there is something by taking it: one call, where to poll and then to read
/// would be two.
pub(crate) struct Source {
    pub half: Half,
    taken: Mutex<Taken>,
    /// Whether a read makes progress whatever the descriptor says; so reading takes no lock where it says all.
    ready: AtomicBool,
    /// Bytes have come.
    spoken: AtomicBool,
}

#[derive(Default)]
struct Taken {
    /// Room for a look from the first one on, for of many connections most are idle.
    bytes: Vec<u8>,
    /// Those that are still to be given, before anything else.
    left: Range<usize>,
    /// A look was filled, so there may be more.
    goes_on: bool,
    /// The end or a failure, for the next read to tell.
    untold: Option<Result<usize>>,
}

impl Source {
    pub fn of(half: Half) -> Source {
        Source {
            half,
            taken: Mutex::default(),
            ready: AtomicBool::new(false),
            spoken: AtomicBool::new(false),
        }
    }

    /// Bytes that were read from the descriptor already.
    pub fn give_first(&mut self, bytes: Vec<u8>) {
        let any = AtomicBool::new(!bytes.is_empty());
        let taken = Taken { left: 0..bytes.len(), bytes, ..Taken::default() };
        (self.taken, self.ready) = (Mutex::new(taken), any);
        self.spoken = AtomicBool::new(self.is_ready());
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a read makes progress whatever the descriptor says.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Whether looks are of use. Not before the peer has spoken, for a FIFO that nobody has opened for writing
    /// yet reads like one that has ended; nor where each read is polled first anyway.
    pub fn can_look(&self) -> bool {
        self.spoken.load(Ordering::Relaxed) && !self.half.is_polled()
    }

    /// Takes what is there, where nothing is taken yet; whether a read now makes progress.
    pub fn look(&self) -> bool {
        let mut taken = self.taken();
        taken.bytes.resize(LOOK_BYTES, 0);
        let found = match self.half.read(&mut taken.bytes) {
            Err(Errno::AGAIN) => false,
            Ok(count @ 1..) => {
                taken.left = 0..count;
                taken.goes_on = count == LOOK_BYTES;
                true
            }
            over => {
                taken.untold = Some(over);
                true
            }
        };
        self.ready.store(found, Ordering::Release);
        found
    }

    /// Reads what is there.
    pub fn read(&self, buffer: &mut [u8]) -> Result<Read> {
        let read = if self.is_ready() { self.read_taken(buffer) } else { self.half.read(buffer) };
        match read {
            Ok(0) => Ok(Read::End),
            Ok(count) => {
                if !self.spoken.load(Ordering::Relaxed) {
                    self.spoken.store(true, Ordering::Relaxed);
                }
                Ok(Read::Bytes(count))
            }
            Err(Errno::AGAIN) => Ok(Read::Empty),
            // The peer closed a socket without reading all that was sent to it; what it sent itself
            // was read before this is told.
            Err(Errno::CONNRESET) => Ok(Read::End),
            Err(errno) => Err(errno),
        }
    }

    fn read_taken(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut taken = self.taken();
        let mut given = taken.give(buffer);
        if given == 0 {
            self.ready.store(false, Ordering::Release);
            return taken.untold.take().unwrap_or(Err(Errno::AGAIN));
        }
        if taken.left.is_empty() {
            if taken.goes_on && given < buffer.len() {
                match self.half.read(&mut buffer[given..]) {
                    Err(Errno::AGAIN) => {}
                    Ok(more @ 1..) => given += more,
                    over => taken.untold = Some(over),
                }
            }
            taken.goes_on = false;
            self.ready.store(taken.untold.is_some(), Ordering::Release);
        }
        Ok(given)
    }
}

impl Taken {
    fn give(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.left.len().min(buffer.len());
        let from = self.left.start;
        buffer[..count].copy_from_slice(&self.bytes[from..from + count]);
        self.left.start += count;
        count
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::*;

    fn pipe() -> (Source, OwnedFd) {
        let (from, to) = rustix::pipe::pipe().unwrap();
        (Source::of(Half::own(from).unwrap()), to)
    }

    fn many(count: usize) -> Vec<u8> {
        (0..count).map(|n| (n % 251) as u8).collect()
    }

    fn write(to: &OwnedFd, bytes: &[u8]) {
        assert_eq!(rustix::io::write(to, bytes), Ok(bytes.len()));
    }

    /// What one read gives.
    fn read(source: &Source, room: usize) -> Vec<u8> {
        let mut buffer = vec![0; room];
        match source.read(&mut buffer).unwrap() {
            Read::Bytes(count) => buffer.truncate(count),
            Read::Empty => buffer.clear(),
            Read::End => panic!("the end"),
        }
        buffer
    }

    #[test]
    fn a_look_at_nothing_takes_nothing() {
        let (source, _to) = pipe();
        assert!(!source.look() && !source.is_ready());
        assert!(read(&source, 10).is_empty());
    }

    #[test]
    fn what_a_look_has_taken_is_read_first_in_whatever_pieces() {
        let (source, to) = pipe();
        write(&to, &[1, 2, 3]);
        assert!(source.look());
        write(&to, &[9]);
        assert_eq!(read(&source, 2), [1, 2]);
        assert!(source.is_ready());
        assert_eq!(read(&source, 10), [3]);
        assert!(!source.is_ready());
        assert_eq!(read(&source, 10), [9]);
    }

    #[test]
    fn what_filled_a_look_is_read_on_to_where_it_belongs() {
        for size in [5_000, LOOK_BYTES] {
            let (source, to) = pipe();
            write(&to, &many(size));
            assert!(source.look());
            assert_eq!(read(&source, 10_000), many(size));
            assert!(read(&source, 1).is_empty());
        }
    }

    #[test]
    fn an_end_behind_what_filled_a_look_is_told_after_it() {
        let (source, to) = pipe();
        write(&to, &many(LOOK_BYTES));
        drop(to);
        assert!(source.look());
        assert_eq!(read(&source, 10_000), many(LOOK_BYTES));
        assert_eq!(source.read(&mut [0]), Ok(Read::End));
    }

    #[test]
    fn an_end_that_a_look_found_is_told_by_all_reads() {
        let (source, to) = pipe();
        drop(to);
        assert!(source.look() && source.is_ready());
        assert_eq!(source.read(&mut [0]), Ok(Read::End));
        assert_eq!(source.read(&mut [0]), Ok(Read::End));
    }

    #[test]
    fn a_failure_that_a_look_found_is_told_by_the_next_read() {
        let directory = std::fs::File::open("/").unwrap();
        let source = Source::of(Half::own(directory.into()).unwrap());
        assert!(source.look() && source.is_ready());
        assert_eq!(source.read(&mut [0]), Err(Errno::ISDIR));
    }

    #[test]
    fn bytes_that_were_read_before_are_given_first() {
        let (mut source, to) = pipe();
        source.give_first(many(3_000));
        write(&to, &[7]);
        assert_eq!(read(&source, 5_000), many(3_000));
        assert!(!source.is_ready());
        assert!(source.look());
        assert_eq!(read(&source, 5_000), [7]);
    }

    #[test]
    fn nobody_looks_before_the_peer_has_spoken() {
        let (source, to) = pipe();
        assert!(!source.can_look());
        write(&to, &[1]);
        assert_eq!(read(&source, 1), [1]);
        assert!(source.can_look());
    }

    #[test]
    fn nobody_looks_at_what_is_polled_before_each_read() {
        let (from, _to) = rustix::pipe::pipe().unwrap();
        let mut source = Source::of(Half::polled(from));
        source.give_first(vec![1]);
        assert!(!source.can_look());
    }
}
