//! The listener's thread.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with};
use samehost_transport_api::{Acceptor, Fault, LinkError, Peer};
use samehost_transport_posix::{Wake, errno_text, peer_credentials};

use crate::UnixOptions;
use crate::users::AllowedUsers;
use crate::visitor::{Outcome, Visitor};

/// So many visitors are let in at a time; further ones wait in the system's backlog.
const MOST_VISITORS: usize = 1024;

/// How long to let others free what accepting a connection lacks: descriptors, memory.
const SHORTAGE: Duration = Duration::from_millis(100);

/// Takes connections, checks whose they are and what they say first, and hands them on. One thread
/// polls the socket and all who are awaited, so that one silent client holds up no other.
pub(crate) struct Reception {
    address: String,
    patience: Duration,
    users: AllowedUsers,
    socket: OwnedFd,
    wake: Arc<Wake>,
    acceptor: Arc<dyn Acceptor>,
    visitors: Vec<Visitor>,
    /// Until when nothing is accepted, after a shortage.
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
        options: &UnixOptions,
        socket: OwnedFd,
        wake: Arc<Wake>,
        acceptor: Arc<dyn Acceptor>,
    ) -> Reception {
        let (patience, users) = (options.hello_timeout, AllowedUsers::of(options));
        Reception { address, patience, users, socket, wake, acceptor, visitors: Vec::new(), resting: None }
    }

    /// Serves until the bell is rung, or until the socket fails for good.
    pub fn run(mut self) {
        loop {
            match self.turn() {
                Ok(()) => {}
                Err(End::Closed) => return,
                Err(End::Failed(why)) => {
                    let acceptor = self.acceptor.clone();
                    // The sockets are closed when the acceptor is told.
                    drop(self);
                    return acceptor.ended(why);
                }
            }
        }
    }

    fn turn(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.resting.is_some_and(|until| until <= now) {
            self.resting = None;
        }
        let accepting = self.resting.is_none() && self.visitors.len() < MOST_VISITORS;
        let mut polled = Vec::with_capacity(2 + self.visitors.len());
        polled.push(PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN));
        let wanted = if accepting { PollFlags::IN } else { PollFlags::empty() };
        polled.push(PollFd::from_borrowed_fd(self.socket.as_fd(), wanted));
        polled.extend(self.visitors.iter().map(|one| PollFd::from_borrowed_fd(one.as_fd(), PollFlags::IN)));
        let next = self.visitors.iter().map(Visitor::until).chain(self.resting).min();
        let timeout = next.and_then(|next| Timespec::try_from(next.saturating_duration_since(now)).ok());
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(errno) => return Err(End::Failed(self.failure("poll", errno))),
        }
        let ready: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready[0] {
            return Err(End::Closed);
        }
        self.advance(&ready[2..]);
        if ready[1] {
            self.accept()?;
        }
        Ok(())
    }

    /// Goes on with those who have said something or are late.
    fn advance(&mut self, ready: &[bool]) {
        let patience = self.patience;
        for (visitor, &ready) in std::mem::take(&mut self.visitors).into_iter().zip(ready) {
            match visitor.advance(ready, &*self.acceptor, patience) {
                Outcome::Accepted(link) => self.acceptor.accepted(Arc::new(link)),
                Outcome::Refused(why) => self.acceptor.refused(why),
                Outcome::Stays(visitor) => self.visitors.push(visitor),
            }
        }
    }

    fn accept(&mut self) -> Result<(), End> {
        while self.visitors.len() < MOST_VISITORS {
            match accept_with(&self.socket, SocketFlags::CLOEXEC) {
                Ok(socket) => self.welcome(socket),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) => {
                    self.resting = Some(Instant::now() + SHORTAGE);
                    self.acceptor.refused(self.failure("accept", errno));
                    return Ok(());
                }
                Err(errno) => return Err(End::Failed(self.failure("accept", errno))),
            }
        }
        Ok(())
    }

    /// Checks whose connection it is, and awaits its first bytes.
    fn welcome(&mut self, socket: OwnedFd) {
        let told = match peer_credentials(&socket) {
            Ok(told) => told,
            Err(errno) => {
                let why = Fault::LinkFailed.with(&[&self.address, &"getsockopt", &errno_text(errno)]);
                return self.acceptor.refused(why);
            }
        };
        let peer = Peer {
            address: self.address.clone(),
            process_id: told.process_id,
            user_id: Some(told.user_id),
            group_id: Some(told.group_id),
        };
        let visitor = Visitor::new(socket, peer, self.patience);
        self.visitors.push(match self.users.objection(&self.address, &told) {
            None => visitor,
            Some(why) => visitor.turned_away(&*self.acceptor, why),
        });
    }

    fn failure(&self, operation: &str, errno: Errno) -> LinkError {
        Fault::ListenFailed.with(&[&self.address, &operation, &errno_text(errno)])
    }
}
