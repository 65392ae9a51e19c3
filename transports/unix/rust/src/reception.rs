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
use crate::awaiting::{Awaiting, Judgement};

/// So many connections may await their judgement; further ones wait in the system's backlog.
const MOST_AWAITING: usize = 1024;

/// How long to let others free what accepting a connection lacks: descriptors, memory.
const SHORTAGE: Duration = Duration::from_millis(100);

/// Takes connections, checks whose they are and what they say first, and hands them on. One thread
/// polls the socket and all who are awaited, so that one silent client holds up no other.
pub(crate) struct Reception {
    address: String,
    options: UnixOptions,
    socket: OwnedFd,
    wake: Arc<Wake>,
    acceptor: Arc<dyn Acceptor>,
    awaiting: Vec<Awaiting>,
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
        options: UnixOptions,
        socket: OwnedFd,
        wake: Arc<Wake>,
        acceptor: Arc<dyn Acceptor>,
    ) -> Reception {
        Reception { address, options, socket, wake, acceptor, awaiting: Vec::new(), resting: None }
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
        let accepting = self.resting.is_none() && self.awaiting.len() < MOST_AWAITING;
        let mut polled = Vec::with_capacity(2 + self.awaiting.len());
        polled.push(PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN));
        let wanted = if accepting { PollFlags::IN } else { PollFlags::empty() };
        polled.push(PollFd::from_borrowed_fd(self.socket.as_fd(), wanted));
        polled.extend(self.awaiting.iter().map(|one| PollFd::from_borrowed_fd(one.as_fd(), PollFlags::IN)));
        let next = self.awaiting.iter().map(|one| one.until).chain(self.resting).min();
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
        self.judge(&ready[2..]);
        if ready[1] {
            self.accept()?;
        }
        Ok(())
    }

    /// Judges those who have said something, and turns away those who are late.
    fn judge(&mut self, ready: &[bool]) {
        let now = Instant::now();
        for (one, &ready) in std::mem::take(&mut self.awaiting).into_iter().zip(ready) {
            let judgement = if ready { one.judged(&*self.acceptor) } else { Judgement::NotYet(one) };
            match judgement {
                Judgement::Accepted(link) => self.acceptor.accepted(Arc::new(link)),
                Judgement::Refused(why) => self.acceptor.refused(why),
                Judgement::NotYet(one) if one.until <= now => {
                    let why = one.late(&*self.acceptor, self.options.hello_timeout.as_secs_f64());
                    self.acceptor.refused(why);
                }
                Judgement::NotYet(one) => self.awaiting.push(one),
            }
        }
    }

    fn accept(&mut self) -> Result<(), End> {
        while self.awaiting.len() < MOST_AWAITING {
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
        let one = Awaiting::new(socket, peer, Instant::now() + self.options.hello_timeout);
        let own = rustix::process::geteuid().as_raw();
        if !self.options.any_user && told.user_id != own {
            let pid = told.process_id.map_or("unknown".to_owned(), |pid| pid.to_string());
            let why = Fault::UserRefused.with(&[&self.address, &pid, &told.user_id, &own]);
            let why = one.turned_away(&*self.acceptor, why);
            return self.acceptor.refused(why);
        }
        self.awaiting.push(one);
    }

    fn failure(&self, operation: &str, errno: Errno) -> LinkError {
        Fault::ListenFailed.with(&[&self.address, &operation, &errno_text(errno)])
    }
}
