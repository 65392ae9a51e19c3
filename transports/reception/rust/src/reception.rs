//! The listener's thread.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use samehost_transport_api::{Acceptor, LinkError};
use samehost_transport_posix::Wake;

use crate::door::is_shortage;
use crate::visitor::{House, Outcome, Signs, Visitor};
use crate::{Arrival, Door, listen_failed};

/// So many visitors are let in at a time; further ones wait in the system's backlog.
const MOST_VISITORS: usize = 1024;

/// How long to let others free what accepting a connection lacks: descriptors, memory.
const SHORTAGE: Duration = Duration::from_millis(100);

/// Lets strangers in, hears what they say first, and hands them on. One thread polls the door and all
/// who are awaited, so that one silent client holds up no other.
pub(crate) struct Reception {
    address: String,
    patience: Duration,
    door: Box<dyn Door>,
    wake: Arc<Wake>,
    acceptor: Arc<dyn Acceptor>,
    visitors: Vec<Visitor>,
    /// Until when nobody is let in, after a shortage.
    resting: Option<Instant>,
}

/// Why the thread ends.
enum End {
    Closed,
    Failed(LinkError),
}

impl Reception {
    pub fn new(
        address: String,
        patience: Duration,
        door: Box<dyn Door>,
        wake: Arc<Wake>,
        acceptor: Arc<dyn Acceptor>,
    ) -> Reception {
        Reception { address, patience, door, wake, acceptor, visitors: Vec::new(), resting: None }
    }

    /// Serves until the bell is rung, or until the door fails for good.
    pub fn run(mut self) {
        let end = loop {
            if let Err(end) = self.turn() {
                break end;
            }
        };
        let Reception { acceptor, door, wake, visitors, .. } = self;
        let refused: Vec<_> = visitors.into_iter().filter_map(Visitor::refusal).collect();
        // The descriptors are closed when the acceptor is told.
        drop((door, wake));
        refused.into_iter().for_each(|why| acceptor.refused(why));
        if let End::Failed(why) = end {
            acceptor.ended(why);
        }
    }

    fn turn(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.resting.is_some_and(|until| until <= now) {
            self.resting = None;
        }
        let accepting = self.resting.is_none() && self.visitors.len() < MOST_VISITORS;
        let mut polled = Vec::with_capacity(2 + 2 * self.visitors.len());
        polled.push(PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN));
        let wanted = if accepting { PollFlags::IN } else { PollFlags::empty() };
        polled.push(PollFd::from_borrowed_fd(self.door.as_fd(), wanted));
        for visitor in &self.visitors {
            let (input, output) = visitor.polled();
            polled.push(PollFd::from_borrowed_fd(input, PollFlags::IN));
            // Of no interest but for its errors.
            polled.extend(output.map(|output| PollFd::from_borrowed_fd(output, PollFlags::empty())));
        }
        let next = self.visitors.iter().map(Visitor::until).chain(self.resting).min();
        let timeout = next.and_then(|next| Timespec::try_from(next.saturating_duration_since(now)).ok());
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(errno) => return Err(End::Failed(self.failure("poll", errno))),
        }
        let mut ready = polled.iter().map(|fd| !fd.revents().is_empty());
        let (closed, somebody) = (ready.next() == Some(true), ready.next() == Some(true));
        if closed {
            return Err(End::Closed);
        }
        let signs: Vec<Signs> = self
            .visitors
            .iter()
            .map(|visitor| {
                let heard = ready.next() == Some(true);
                let gone = visitor.polled().1.is_some() && ready.next() == Some(true);
                Signs { heard, gone }
            })
            .collect();
        self.advance(&signs);
        if somebody && accepting {
            self.accept()?;
        }
        Ok(())
    }

    /// Goes on with those who have said something or are late.
    fn advance(&mut self, signs: &[Signs]) {
        let (acceptor, patience) = (&*self.acceptor, self.patience);
        let house = House { acceptor, patience, offers: self.door.offers(), secure: self.door.secure() };
        for (visitor, &signs) in std::mem::take(&mut self.visitors).into_iter().zip(signs) {
            match visitor.advance(signs, &house) {
                Outcome::Accepted(link, first) => self.acceptor.accepted(link, &first),
                Outcome::Refused(why) => self.acceptor.refused(why),
                Outcome::Stays(visitor) => self.visitors.push(visitor),
            }
        }
    }

    fn accept(&mut self) -> Result<(), End> {
        while self.visitors.len() < MOST_VISITORS {
            match self.door.next() {
                Ok(Arrival::Visitor { ends, peer, keep, objection }) => {
                    let visitor = Visitor::new(ends, peer, keep, self.patience);
                    self.visitors.push(match objection {
                        None => visitor,
                        Some(why) => visitor.turned_away(&*self.acceptor, why),
                    });
                }
                Ok(Arrival::Refused(why)) => self.acceptor.refused(why),
                Ok(Arrival::Nobody) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(errno) if is_shortage(errno) => {
                    self.resting = Some(Instant::now() + SHORTAGE);
                    self.acceptor.refused(self.failure("accept", errno));
                    return Ok(());
                }
                Err(errno) => return Err(End::Failed(self.failure("accept", errno))),
            }
        }
        Ok(())
    }

    fn failure(&self, operation: &str, errno: Errno) -> LinkError {
        listen_failed(&self.address, operation, errno)
    }
}
