//! A connection that is not yet a link.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use samehost_transport_api::{Acceptor, Fault, FirstBytes, LinkError, Peer};
use samehost_transport_posix::{FdLink, errno_text};

/// No protocol needs more than so many bytes to be told from others.
const MOST_BYTES: usize = 4096;

/// How long one who was turned away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that the system has accepted and the acceptor has not. It reads what comes, keeps it
/// for the link, and never waits.
///
/// ```text
///               another user, No, time over
///   Judging ------------------------------------> TurnedAway ---> closed, refused()
///      |  \                                        farewell, then at most a second
///      |   \-- the peer has gone ---> refused()    for the peer to read it
///      | Yes
///      v
///   a link, accepted()
/// ```
pub(crate) struct Visitor {
    socket: OwnedFd,
    peer: Peer,
    state: State,
    until: Instant,
}

enum State {
    /// With what it has said so far.
    Judging(Vec<u8>),
    TurnedAway(LinkError),
}

/// What becomes of a visitor.
pub(crate) enum Outcome {
    Accepted(FdLink),
    /// The connection is closed.
    Refused(LinkError),
    Stays(Visitor),
}

impl Visitor {
    /// One whose first bytes must come in time.
    pub fn new(socket: OwnedFd, peer: Peer, patience: Duration) -> Visitor {
        Visitor { socket, peer, state: State::Judging(Vec::new()), until: Instant::now() + patience }
    }

    pub fn until(&self) -> Instant {
        self.until
    }

    /// Goes on: the socket is readable, or the time is over, or neither.
    pub fn advance(self, ready: bool, acceptor: &dyn Acceptor, patience: Duration) -> Outcome {
        let on = if ready { self.read(acceptor) } else { Outcome::Stays(self) };
        match on {
            Outcome::Stays(visitor) if visitor.until <= Instant::now() => visitor.late(acceptor, patience),
            on => on,
        }
    }

    /// Says farewell, as far as there is room, and lets the peer read it: a socket that is closed
    /// with bytes unread breaks the peer's next write, before it has read why.
    pub fn turned_away(self, acceptor: &dyn Acceptor, why: LinkError) -> Visitor {
        let farewell = acceptor.farewell(&why);
        if !farewell.is_empty() {
            // The socket's buffer is empty, so a farewell fits; one who has gone misses it.
            let _ = send(&self.socket, &farewell, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        }
        // It fails for one who has gone, which is seen when the socket is read.
        let _ = shutdown(&self.socket, Shutdown::Write);
        Visitor { state: State::TurnedAway(why), until: Instant::now() + FAREWELL, ..self }
    }

    fn read(mut self, acceptor: &dyn Acceptor) -> Outcome {
        let mut buffer = [0; 512];
        let result = recv(&self.socket, &mut buffer, RecvFlags::DONTWAIT).map(|(count, _)| count);
        let bytes = match (&mut self.state, result) {
            (_, Err(Errno::AGAIN | Errno::INTR)) => return Outcome::Stays(self),
            (State::TurnedAway(why), Ok(0) | Err(_)) => return Outcome::Refused(why.clone()),
            (State::TurnedAway(_), Ok(_)) => return Outcome::Stays(self),
            (State::Judging(_), Ok(0) | Err(Errno::CONNRESET)) => {
                let gone = Fault::PeerGoneBeforeHello.with(&[&self.peer.address]);
                return Outcome::Refused(self.fault(acceptor, gone));
            }
            (State::Judging(_), Err(errno)) => return Outcome::Refused(self.failed("read", errno)),
            (State::Judging(bytes), Ok(count)) => {
                bytes.extend_from_slice(&buffer[..count]);
                bytes
            }
        };
        match acceptor.judge(bytes) {
            FirstBytes::Yes => {
                let bytes = std::mem::take(bytes);
                match FdLink::over(self.socket, self.peer.clone()) {
                    Ok(link) => Outcome::Accepted(link.with_initial(bytes)),
                    Err(errno) => Outcome::Refused(failed(&self.peer, "eventfd", errno)),
                }
            }
            FirstBytes::More if bytes.len() < MOST_BYTES => Outcome::Stays(self),
            FirstBytes::More | FirstBytes::No => {
                let why = acceptor.fault_of(&self.peer.address, bytes);
                Outcome::Stays(self.turned_away(acceptor, why))
            }
        }
    }

    fn late(self, acceptor: &dyn Acceptor, patience: Duration) -> Outcome {
        if let State::TurnedAway(why) = self.state {
            return Outcome::Refused(why);
        }
        let silent = Fault::PeerSilent.with(&[&self.peer.address, &patience.as_secs_f64()]);
        let why = self.fault(acceptor, silent);
        Outcome::Stays(self.turned_away(acceptor, why))
    }

    /// What one suffers from who is not heard out: the fault that its bytes have, if there are any.
    fn fault(&self, acceptor: &dyn Acceptor, without_bytes: LinkError) -> LinkError {
        match &self.state {
            State::Judging(bytes) if !bytes.is_empty() => acceptor.fault_of(&self.peer.address, bytes),
            _ => without_bytes,
        }
    }

    fn failed(&self, operation: &str, errno: Errno) -> LinkError {
        failed(&self.peer, operation, errno)
    }
}

fn failed(peer: &Peer, operation: &str, errno: Errno) -> LinkError {
    Fault::LinkFailed.with(&[&peer.address, &operation, &errno_text(errno)])
}

impl AsFd for Visitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
