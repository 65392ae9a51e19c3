//! One descriptor, read or written without ever waiting.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, open};
use rustix::io::{Errno, Result};
use rustix::net::{RecvFlags, recv, send};

use crate::{PrivateFd, quiet, sigpipe};

/// POSIX promises room for so many bytes in a pipe that polls as writable.
const PIPE_BUF: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// A descriptor and the way in which it is kept from waiting. `O_NONBLOCK` lives on the open file
/// description, which other processes may share, so it is set only where nobody else has it.
#[derive(Clone)]
pub(crate) struct Half {
    pub fd: Arc<PrivateFd>,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A socket: every call says that it does not wait.
    Socket,
    /// The description is this process's alone and non-blocking.
    NonBlocking,
    /// The description is shared: poll goes before every call, and little is written at a time.
    Polled,
}

impl Half {
    /// Over a descriptor whose open file description no other process has.
    pub fn own(fd: OwnedFd) -> Result<Half> {
        if is(&fd, FileType::Socket)? {
            return Ok(Half { fd: Arc::new(fd.into()), way: Way::Socket });
        }
        sigpipe::ignore();
        fcntl_setfl(&fd, fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
        Ok(Half { fd: Arc::new(fd.into()), way: Way::NonBlocking })
    }

    /// Over a descriptor whose open file description others may have.
    pub fn shared(fd: OwnedFd) -> Result<Half> {
        if is(&fd, FileType::Socket)? {
            return Ok(Half { fd: Arc::new(fd.into()), way: Way::Socket });
        }
        sigpipe::ignore();
        if is(&fd, FileType::Fifo)?
            && let Some(own) = reopened(&fd)
        {
            return Ok(Half { fd: Arc::new(own.into()), way: Way::NonBlocking });
        }
        Ok(Half { fd: Arc::new(fd.into()), way: Way::Polled })
    }

    /// Over a descriptor that cannot be opened again.
    #[cfg(test)]
    pub fn polled(fd: OwnedFd) -> Half {
        Half { fd: Arc::new(fd.into()), way: Way::Polled }
    }

    /// Whether each read is polled first.
    pub fn is_polled(&self) -> bool {
        self.way == Way::Polled
    }

    /// Answers 0 at the end, and `EAGAIN` when there is nothing yet.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        again(|| match self.way {
            Way::Socket => recv(&self.fd, &mut *buffer, RecvFlags::DONTWAIT).map(|(count, _)| count),
            Way::NonBlocking => rustix::io::read(&self.fd, &mut *buffer),
            Way::Polled => {
                self.ready(PollFlags::IN)?;
                rustix::io::read(&self.fd, &mut *buffer)
            }
        })
    }

    /// Answers `EAGAIN` when there is no room.
    pub fn write(&self, bytes: &[u8]) -> Result<usize> {
        again(|| match self.way {
            Way::Socket => send(&self.fd, bytes, quiet()),
            Way::NonBlocking => rustix::io::write(&self.fd, bytes),
            Way::Polled => {
                self.ready(PollFlags::OUT)?;
                rustix::io::write(&self.fd, &bytes[..bytes.len().min(PIPE_BUF)])
            }
        })
    }

    fn ready(&self, wanted: PollFlags) -> Result<()> {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        match poll(&mut [PollFd::from_borrowed_fd(self.fd.as_fd(), wanted)], Some(&now))? {
            0 => Err(Errno::AGAIN),
            _ => Ok(()),
        }
    }
}

fn is(fd: &OwnedFd, kind: FileType) -> Result<bool> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == kind)
}

/// The same pipe by an open file description of its own, where the system gives one: a pipe of
/// another user's cannot be opened again, nor one outside Linux.
fn reopened(fd: &OwnedFd) -> Option<OwnedFd> {
    use std::os::fd::AsRawFd;
    if !cfg!(target_os = "linux") {
        return None;
    }
    let access = fcntl_getfl(fd).ok()? & OFlags::RWMODE;
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    open(path, access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty()).ok()
}

fn again<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
