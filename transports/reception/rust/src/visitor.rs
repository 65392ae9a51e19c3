//! A connection that is not yet a link.

use std::any::Any;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use samehost_transport_api::{Acceptor, Fault, FirstBytes, LinkError, Peer};
use samehost_transport_posix::{FdLink, errno_text};

use crate::Ends;

/// No protocol needs more than so many bytes to be told from others.
const MOST_BYTES: usize = 4096;

/// How long one who was turned away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that the door has let in and the acceptor has not taken. It reads what comes, keeps it
/// for the link, and never waits.
///
/// ```text
///               an objection, No, time over
///   Judging ------------------------------------> TurnedAway ---> closed, refused()
///      |  \                                        farewell, then at most a second
///      |   \-- the peer has gone ---> refused()    for the peer to read it
///      | Yes
///      v
///   a link, accepted()
/// ```
pub(crate) struct Visitor {
    ends: Ends,
    peer: Peer,
    keep: Box<dyn Any + Send>,
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
    pub fn new(ends: Ends, peer: Peer, keep: Box<dyn Any + Send>, patience: Duration) -> Visitor {
        Visitor { ends, peer, keep, state: State::Judging(Vec::new()), until: Instant::now() + patience }
    }

    pub fn until(&self) -> Instant {
        self.until
    }

    /// What to poll: see [`Ends::polled`].
    pub fn polled(&self) -> (BorrowedFd<'_>, Option<BorrowedFd<'_>>) {
        self.ends.polled()
    }

    /// Goes on: it can be read, or the time is over, or neither.
    pub fn advance(self, ready: bool, acceptor: &dyn Acceptor, patience: Duration) -> Outcome {
        let on = if ready { self.read(acceptor) } else { Outcome::Stays(self) };
        match on {
            Outcome::Stays(visitor) if visitor.until <= Instant::now() => visitor.late(acceptor, patience),
            on => on,
        }
    }

    /// Says farewell, as far as there is room, and lets the peer read it: a socket that is closed
    /// with bytes unread breaks the peer's next write, before it has read why.
    pub fn turned_away(mut self, acceptor: &dyn Acceptor, why: LinkError) -> Visitor {
        self.ends.say_last(&acceptor.farewell(&why));
        Visitor { state: State::TurnedAway(why), until: Instant::now() + FAREWELL, ..self }
    }

    fn read(mut self, acceptor: &dyn Acceptor) -> Outcome {
        let mut buffer = [0; 512];
        let result = self.ends.read(&mut buffer);
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
                drop(self.keep);
                match self.ends.into_link(self.peer.clone()) {
                    Ok(Some(link)) => Outcome::Accepted(link.with_initial(bytes)),
                    Ok(None) => unreachable!("only one who is turned away is told last words"),
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
