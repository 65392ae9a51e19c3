//! A bell that ends another thread's poll.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, Result, read, write};

use crate::PrivateFd;

/// A descriptor that becomes readable when it is rung, from any thread, and stays so until it is
/// hushed. Rings are not counted. It is an eventfd on Linux and a pipe elsewhere.
pub struct Wake {
    poll: PrivateFd,
    /// The writing end, where it is another descriptor.
    ring: Option<PrivateFd>,
    /// Rung and not hushed.
    rung: AtomicBool,
}

impl Wake {
    /// A bell that has not been rung.
    pub fn new() -> Result<Wake> {
        #[cfg(target_os = "linux")]
        {
            use rustix::event::{EventfdFlags, eventfd};
            let poll = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            Ok(Wake { poll: poll.into(), ring: None, rung: AtomicBool::new(false) })
        }
        #[cfg(not(target_os = "linux"))]
        {
            use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
            let (poll, ring) = rustix::pipe::pipe()?;
            for end in [&poll, &ring] {
                fcntl_setfd(end, FdFlags::CLOEXEC)?;
                ioctl_fionbio(end, true)?;
            }
            Ok(Wake { poll: poll.into(), ring: Some(ring.into()), rung: AtomicBool::new(false) })
        }
    }

    /// Makes the descriptor readable.
    pub fn ring(&self) {
        if self.rung.swap(true, Ordering::SeqCst) {
            return;
        }
        let ring = self.ring.as_ref().unwrap_or(&self.poll);
        // Full means rung already; there is no other failure that a caller could act on.
        while write(ring, &1u64.to_ne_bytes()) == Err(Errno::INTR) {}
    }

    /// Whether it has been rung and not hushed, without a system call.
    pub fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Takes back every ring so far, after it was seen. One that comes in between is one with it.
    pub fn hush(&self) {
        while read(&self.poll, &mut [0; 8]) == Err(Errno::INTR) {}
        // A swap, so that whatever one who came in between did before is seen from here on.
        self.rung.swap(false, Ordering::SeqCst);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.as_fd()
    }
}
