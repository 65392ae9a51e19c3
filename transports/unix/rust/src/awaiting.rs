//! A connection whose first bytes have not been judged.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use samehost_transport_api::{Acceptor, Fault, FirstBytes, LinkError, Peer};
use samehost_transport_posix::{FdLink, errno_text};

/// No protocol needs more than so many bytes to be told from others.
const MOST: usize = 4096;

/// A connection that is accepted by the system and not yet by the acceptor. It reads what comes,
/// keeps it for the link, and never waits.
pub(crate) struct Awaiting {
    socket: OwnedFd,
    peer: Peer,
    bytes: Vec<u8>,
    pub until: Instant,
}

/// What becomes of a connection.
pub(crate) enum Judgement {
    Accepted(FdLink),
    Refused(LinkError),
    NotYet(Awaiting),
}

impl Awaiting {
    pub fn new(socket: OwnedFd, peer: Peer, until: Instant) -> Awaiting {
        Awaiting { socket, peer, bytes: Vec::new(), until }
    }

    /// Reads what is there and asks the acceptor.
    pub fn judged(mut self, acceptor: &dyn Acceptor) -> Judgement {
        let mut buffer = [0; 512];
        let count = match recv(&self.socket, &mut buffer, RecvFlags::DONTWAIT) {
            Ok((0, _)) | Err(Errno::CONNRESET) => return self.ended(acceptor),
            Ok((count, _)) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Judgement::NotYet(self),
            Err(errno) => {
                let failure = Fault::LinkFailed.with(&[&self.peer.address, &"read", &errno_text(errno)]);
                return Judgement::Refused(failure);
            }
        };
        self.bytes.extend_from_slice(&buffer[..count]);
        match acceptor.judge(&self.bytes) {
            FirstBytes::Yes => match FdLink::over(self.socket, self.peer.clone()) {
                Ok(link) => Judgement::Accepted(link.with_initial(self.bytes)),
                Err(errno) => Judgement::Refused(Fault::LinkFailed.with(&[
                    &self.peer.address,
                    &"eventfd",
                    &errno_text(errno),
                ])),
            },
            FirstBytes::More if self.bytes.len() < MOST => Judgement::NotYet(self),
            FirstBytes::More | FirstBytes::No => {
                let why = acceptor.fault_of(&self.peer.address, &self.bytes);
                Judgement::Refused(self.turned_away(acceptor, why))
            }
        }
    }

    /// The peer has gone.
    fn ended(self, acceptor: &dyn Acceptor) -> Judgement {
        Judgement::Refused(if self.bytes.is_empty() {
            Fault::PeerGoneBeforeHello.with(&[&self.peer.address])
        } else {
            acceptor.fault_of(&self.peer.address, &self.bytes)
        })
    }

    /// The time is over.
    pub fn late(self, acceptor: &dyn Acceptor, seconds: f64) -> LinkError {
        let why = if self.bytes.is_empty() {
            Fault::PeerSilent.with(&[&self.peer.address, &seconds])
        } else {
            acceptor.fault_of(&self.peer.address, &self.bytes)
        };
        self.turned_away(acceptor, why)
    }

    /// Says farewell, as far as there is room, and closes the connection.
    pub fn turned_away(self, acceptor: &dyn Acceptor, why: LinkError) -> LinkError {
        let farewell = acceptor.farewell(&why);
        if !farewell.is_empty() {
            // The socket's buffer is empty, so a farewell fits; one who has gone misses it.
            let _ = send(&self.socket, &farewell, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        }
        why
    }
}

impl AsFd for Awaiting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
