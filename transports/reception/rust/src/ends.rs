//! The descriptors of a connection that is not yet a link.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Result;
use rustix::net::{RecvFlags, Shutdown, recv, send, shutdown};
use samehost_transport_api::Peer;
use samehost_transport_posix::{FdLink, quiet};

/// The descriptors of a connection: one, of a socket, or two, of a pair of pipes. All are this process's
/// alone, and neither reading nor writing waits.
pub enum Ends {
    /// A socket, in whatever mode.
    Socket(OwnedFd),
    /// Two pipes, both non-blocking.
    Pipes {
        /// What the peer writes.
        input: OwnedFd,
        /// What the peer reads; none any more when all was said.
        output: Option<OwnedFd>,
    },
}

impl Ends {
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Ends::Socket(socket) => recv(socket, buffer, RecvFlags::DONTWAIT).map(|(count, _)| count),
            Ends::Pipes { input, .. } => rustix::io::read(input, buffer),
        }
    }

    /// Says the last words, as far as there is room, and ends this direction. The buffer is empty, so that
    /// they fit; one who has gone misses them, which is seen when it is read.
    pub(crate) fn say_last(&mut self, words: &[u8]) {
        match self {
            Ends::Socket(socket) => {
                if !words.is_empty() {
                    let _ = send(&*socket, words, quiet());
                }
                let _ = shutdown(&*socket, Shutdown::Write);
            }
            Ends::Pipes { output, .. } => {
                if let Some(output) = output.take() {
                    let _ = rustix::io::write(output, words);
                }
            }
        }
    }

    /// What becomes readable when the peer has said something or has gone, and what shows an error when it
    /// has gone before it could say anything.
    pub(crate) fn polled(&self) -> (BorrowedFd<'_>, Option<BorrowedFd<'_>>) {
        match self {
            Ends::Socket(socket) => (socket.as_fd(), None),
            Ends::Pipes { input, output } => (input.as_fd(), output.as_ref().map(AsFd::as_fd)),
        }
    }

    /// A link over these; `None` when all was said already.
    pub(crate) fn into_link(self, peer: Peer) -> Result<Option<FdLink>> {
        match self {
            Ends::Socket(socket) => FdLink::over(socket, peer).map(Some),
            Ends::Pipes { input, output: Some(output) } => FdLink::over_two(input, output, peer).map(Some),
            Ends::Pipes { output: None, .. } => Ok(None),
        }
    }
}
