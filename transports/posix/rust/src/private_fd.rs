//! Descriptors that are not for forked children.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers that a descriptor can have here; Linux has no more by default.
const MOST: usize = 1 << 20;

/// One bit for each descriptor that is private now. There is no lock in it, so a child that was forked at any moment
/// finds it whole.
static PRIVATE: [AtomicU64; MOST / 64] = [const { AtomicU64::new(0) }; MOST / 64];

/// A descriptor that is closed in a child which this process forks without executing another program: links, listening
/// sockets, locks. All that lives longer than a call is one, so that no child holds up an end, or a lock. Whoever forks says
/// [`close_after_fork`] in the child.
#[derive(Debug)]
pub struct PrivateFd {
    // Dropped first: a number that was closed may be another's at once.
    _note: Note,
    fd: OwnedFd,
}

#[derive(Debug)]
struct Note(RawFd);

impl From<OwnedFd> for PrivateFd {
    fn from(fd: OwnedFd) -> PrivateFd {
        let number = fd.as_raw_fd();
        if let Some((word, bit)) = place(number) {
            word.fetch_or(bit, Ordering::SeqCst);
        }
        PrivateFd { _note: Note(number), fd }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if let Some((word, bit)) = place(self.0) {
            word.fetch_and(!bit, Ordering::SeqCst);
        }
    }
}

impl AsFd for PrivateFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for PrivateFd {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

fn place(number: RawFd) -> Option<(&'static AtomicU64, u64)> {
    let number = usize::try_from(number).ok()?;
    Some((PRIVATE.get(number / 64)?, 1 << (number % 64)))
}

/// In a forked child: closes every private descriptor of the parent's, without a word to a peer.
///
/// # Safety
/// Nothing that has one of them is used or dropped in this process any more: the numbers are given to others.
pub unsafe fn close_after_fork() {
    for (index, word) in PRIVATE.iter().enumerate() {
        if word.load(Ordering::Relaxed) == 0 {
            continue;
        }
        let bits = word.swap(0, Ordering::SeqCst);
        for bit in (0..64).filter(|bit| bits & (1 << bit) != 0) {
            // SAFETY: the caller vouches for it that nobody uses the descriptor.
            unsafe { libc::close((index * 64 + bit) as RawFd) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_private(number: RawFd) -> bool {
        place(number).is_some_and(|(word, bit)| word.load(Ordering::SeqCst) & bit != 0)
    }

    #[test]
    fn a_descriptor_is_private_for_as_long_as_it_lives() {
        let (input, output) = rustix::pipe::pipe().unwrap();
        let (open, shut) = (input.as_raw_fd(), output.as_raw_fd());
        let (input, output) = (PrivateFd::from(input), PrivateFd::from(output));
        assert!(is_private(open) && is_private(shut));
        drop(output);
        assert!(is_private(open));
        // The number may be another test's by now.
        drop(input);
    }
}
