//! A connection that is not yet a link.

use std::any::Any;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use samehost_transport_api::{Acceptor, Fault, FirstBytes, Link, LinkError, Peer, Read, end_of};
use samehost_transport_posix::system_fault;

use crate::Ends;
use crate::negotiation::{self, Heard, Offered};
use crate::offer::Offer;
use crate::upgrade::{Offers, Secure, Upgraded};

/// No protocol needs more than so many bytes to be told from others.
const MOST_BYTES: usize = 4096;

/// How long one who was turned away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that the door has let in and the acceptor has not taken. It reads what comes, keeps it
/// for the link, and never waits.
///
/// ```text
///                an objection, No, time over
///   Judging -------------------------------------> TurnedAway ---> closed, refused()
///    |  ^ |  \                                      farewell, then at most a second
///    |  | |   \-- the peer has gone ---> refused()  for the peer to read it
///    |  | |
///    |  | | an offer of shared memory         ACK: the first bytes come through it
///    |  | \----------------------------> Offered ---\
///    |  \-------------------------------------------/
///    | Yes                                    NAK, or it was refused: over the socket
///    v
///   a link, accepted()
/// ```
///
/// Where the door wants secret connections a first byte of TLS has it go on as such a link, which is judged by what it says
/// then.
pub(crate) struct Visitor {
    way: Way,
    peer: Peer,
    keep: Box<dyn Any + Send>,
    state: State,
    until: Instant,
    /// Shared memory is offered once.
    may_offer: bool,
}

/// Where its bytes come from.
enum Way {
    Ends(Ends),
    /// Shared memory, or one that is secret.
    Link(Arc<dyn Upgraded>),
}

enum State {
    /// With what it has said so far.
    Judging(Vec<u8>),
    /// Its offer was answered by memory.
    Offered(Offered),
    TurnedAway(LinkError),
}

/// What polling has shown of a visitor.
#[derive(Clone, Copy)]
pub(crate) struct Signs {
    /// It has said something, or has ended what it says.
    pub heard: bool,
    /// It hears nothing any more.
    pub gone: bool,
}

/// What becomes of a visitor.
pub(crate) enum Outcome {
    /// With the bytes that were judged.
    Accepted(Arc<dyn Link>, Vec<u8>),
    /// The connection is closed.
    Refused(LinkError),
    Stays(Visitor),
}

/// What a reception tells its visitors.
pub(crate) struct House<'a> {
    pub acceptor: &'a dyn Acceptor,
    pub patience: Duration,
    pub offers: &'a Offers,
    pub secure: Option<&'a dyn Secure>,
}

impl Visitor {
    /// One whose first bytes must come in time.
    pub fn new(ends: Ends, peer: Peer, keep: Box<dyn Any + Send>, patience: Duration) -> Visitor {
        let (state, until) = (State::Judging(Vec::new()), end_of(patience));
        Visitor { way: Way::Ends(ends), peer, keep, state, until, may_offer: true }
    }

    pub fn until(&self) -> Instant {
        self.until
    }

    /// What to poll: see [`Ends::polled`].
    pub fn polled(&self) -> (BorrowedFd<'_>, Option<BorrowedFd<'_>>) {
        match &self.way {
            Way::Ends(ends) => ends.polled(),
            Way::Link(link) => (link.bell(), None),
        }
    }

    /// Goes on: there are signs of it, or the time is over, or neither.
    pub fn advance(self, signs: Signs, house: &House<'_>) -> Outcome {
        let on = if signs.heard || signs.gone { self.read(house, signs.gone) } else { Outcome::Stays(self) };
        match on {
            Outcome::Stays(visitor) if visitor.until <= Instant::now() => visitor.late(house),
            on => on,
        }
    }

    /// Says farewell, as far as there is room, and lets the peer read it: a socket that is closed
    /// with bytes unread breaks the peer's next write, before it has read why.
    pub fn turned_away(mut self, acceptor: &dyn Acceptor, why: LinkError) -> Visitor {
        let farewell = acceptor.farewell(&why);
        match &mut self.way {
            Way::Ends(ends) => ends.say_last(&farewell),
            Way::Link(link) => link.say_last(&farewell),
        }
        Visitor { state: State::TurnedAway(why), until: Instant::now() + FAREWELL, ..self }
    }

    /// Hangs up; answers why it was turned away, if it was.
    pub fn refusal(self) -> Option<LinkError> {
        match self.state {
            State::TurnedAway(why) => Some(why),
            State::Judging(_) | State::Offered(_) => None,
        }
    }

    fn read(mut self, house: &House<'_>, gone: bool) -> Outcome {
        let mut buffer = [0; 512];
        let result = match &self.way {
            Way::Ends(ends) => ends.read(&mut buffer),
            Way::Link(link) => {
                let link = link.clone();
                return self.peek(&link, house);
            }
        };
        let count = match (&self.state, result) {
            (_, Err(Errno::INTR)) => return Outcome::Stays(self),
            (_, Err(Errno::AGAIN)) if !gone => return Outcome::Stays(self),
            (State::TurnedAway(why), Ok(0) | Err(_)) => return Outcome::Refused(why.clone()),
            (State::TurnedAway(_), Ok(_)) => return Outcome::Stays(self),
            (_, Ok(0) | Err(Errno::CONNRESET | Errno::AGAIN)) => return self.gone(house),
            (_, Err(errno)) => return Outcome::Refused(failed(&self.peer, "read", errno)),
            (_, Ok(count)) => count,
        };
        match &mut self.state {
            State::Judging(bytes) => {
                bytes.extend_from_slice(&buffer[..count]);
                self.judge(house)
            }
            State::Offered(_) => self.hear_verdict(&buffer[..count], house),
            State::TurnedAway(_) => Outcome::Stays(self),
        }
    }

    /// As [`read`](Visitor::read), with the bytes left where they are.
    fn peek(mut self, link: &Arc<dyn Upgraded>, house: &House<'_>) -> Outcome {
        let mut buffer = vec![0; MOST_BYTES];
        match (&mut self.state, link.peek(&mut buffer)) {
            (State::TurnedAway(why), Ok(Read::End) | Err(_)) => Outcome::Refused(why.clone()),
            (State::TurnedAway(_), Ok(_)) => Outcome::Stays(self),
            // Where there is a way left to say why, the peer may read it.
            (_, Err(why)) => self.turned_away(house.acceptor, why).peek(link, house),
            (_, Ok(Read::End)) => self.gone(house),
            (State::Judging(bytes), Ok(Read::Bytes(count))) => {
                bytes.clear();
                bytes.extend_from_slice(&buffer[..count]);
                self.judge(house)
            }
            (_, Ok(_)) => Outcome::Stays(self),
        }
    }

    fn judge(mut self, house: &House<'_>) -> Outcome {
        let State::Judging(bytes) = &mut self.state else { return Outcome::Stays(self) };
        if let (Way::Ends(_), Some(secure)) = (&self.way, house.secure) {
            return self.secured(secure, house);
        }
        if let (Way::Ends(Ends::Socket(socket)), true, Offers::Heard(upgrade)) =
            (&self.way, self.may_offer, house.offers)
        {
            match Offer::judge(bytes) {
                FirstBytes::Yes => {
                    self.may_offer = false;
                    let rest = bytes.split_off(crate::offer::WORDS_BYTES);
                    return match negotiation::answer(socket, bytes, upgrade.as_deref()) {
                        Ok(Heard::Offered(offered)) => {
                            self.state = State::Offered(offered);
                            if rest.is_empty() {
                                Outcome::Stays(self)
                            } else {
                                self.hear_verdict(&rest, house)
                            }
                        }
                        Ok(Heard::Refused) => self.go_on_with(rest, house),
                        Err(errno) => Outcome::Refused(failed(&self.peer, "sendmsg", errno)),
                    };
                }
                FirstBytes::More if !bytes.is_empty() => return Outcome::Stays(self),
                FirstBytes::More | FirstBytes::No => {}
            }
        }
        match house.acceptor.judge(bytes) {
            FirstBytes::Yes => {
                let bytes = std::mem::take(bytes);
                drop(self.keep);
                let ends = match self.way {
                    Way::Link(link) => return Outcome::Accepted(link, bytes),
                    Way::Ends(ends) => ends,
                };
                match ends.into_link(self.peer.clone()) {
                    Ok(Some(link)) => Outcome::Accepted(Arc::new(link.with_initial(bytes.clone())), bytes),
                    Ok(None) => unreachable!("only one who is turned away is told last words"),
                    Err(errno) => Outcome::Refused(failed(&self.peer, "eventfd", errno)),
                }
            }
            FirstBytes::More if bytes.len() < MOST_BYTES => Outcome::Stays(self),
            FirstBytes::More | FirstBytes::No => {
                let why = house.acceptor.fault_of(&self.peer.address, bytes);
                Outcome::Stays(self.turned_away(house.acceptor, why))
            }
        }
    }

    /// Goes on as a link that is secret.
    fn secured(mut self, secure: &dyn Secure, house: &House<'_>) -> Outcome {
        let State::Judging(bytes) = &mut self.state else { return Outcome::Stays(self) };
        if let Some(why) = secure.objection(&self.peer.address, bytes[0]) {
            return Outcome::Stays(self.turned_away(house.acceptor, why));
        }
        let (bytes, Way::Ends(ends)) = (std::mem::take(bytes), self.way) else {
            unreachable!("it is made secret once")
        };
        let link = match ends.into_link(self.peer.clone()) {
            Ok(Some(link)) => secure.over(Arc::new(link.with_initial(bytes))),
            Ok(None) => unreachable!("only one who is turned away is told last words"),
            Err(errno) => Err(failed(&self.peer, "eventfd", errno)),
        };
        match link {
            Ok(link) => Visitor { way: Way::Link(link.clone()), ..self }.peek(&link, house),
            Err(why) => Outcome::Refused(why),
        }
    }

    /// The client says whether it takes the memory that it was given.
    fn hear_verdict(mut self, bytes: &[u8], house: &House<'_>) -> Outcome {
        let State::Offered(offered) = std::mem::replace(&mut self.state, State::Judging(Vec::new())) else {
            unreachable!("only one who has an answer gives a verdict")
        };
        let Way::Ends(Ends::Socket(socket)) = self.way else { unreachable!("only over sockets, and once") };
        match offered.settle(bytes[0], socket, &self.peer) {
            Ok(Ok(link)) => {
                let visitor = Visitor { way: Way::Link(link.clone()), ..self };
                visitor.peek(&link, house)
            }
            Ok(Err(socket)) => {
                let visitor = Visitor { way: Way::Ends(Ends::Socket(socket)), ..self };
                visitor.go_on_with(bytes[1..].to_vec(), house)
            }
            Err(why) => Outcome::Refused(why),
        }
    }

    /// Goes on over the socket, with what came behind the negotiation.
    fn go_on_with(mut self, bytes: Vec<u8>, house: &House<'_>) -> Outcome {
        let none = bytes.is_empty();
        self.state = State::Judging(bytes);
        if none { Outcome::Stays(self) } else { self.judge(house) }
    }

    fn gone(&self, house: &House<'_>) -> Outcome {
        let gone = Fault::PeerGoneBeforeHello.with(&[&self.peer.address]);
        Outcome::Refused(self.fault(house.acceptor, gone))
    }

    fn late(self, house: &House<'_>) -> Outcome {
        if let State::TurnedAway(why) = self.state {
            return Outcome::Refused(why);
        }
        let silent = Fault::PeerSilent.with(&[&self.peer.address, &house.patience.as_secs_f64()]);
        let why = self.fault(house.acceptor, silent);
        Outcome::Stays(self.turned_away(house.acceptor, why))
    }

    /// What one suffers from who is not heard out: the fault that its bytes have, if there are any.
    fn fault(&self, acceptor: &dyn Acceptor, without_bytes: LinkError) -> LinkError {
        match &self.state {
            State::Judging(bytes) if !bytes.is_empty() => acceptor.fault_of(&self.peer.address, bytes),
            _ => without_bytes,
        }
    }
}

fn failed(peer: &Peer, operation: &str, errno: Errno) -> LinkError {
    system_fault(Fault::LinkFailed, &peer.address, operation, errno)
}
