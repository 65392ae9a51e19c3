//! The child's watch on its host.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use samehost_transport_api::{Acceptor, Fault, Link, end_of};
use samehost_transport_posix::{PrivateFd, Wake};

/// What the link and the listener have learnt, for the watchman.
pub(crate) struct Signs {
    wake: Wake,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    input_ended: bool,
    link_dropped: bool,
    listener_closed: bool,
    /// Readable when the host has died.
    host: Option<PrivateFd>,
    /// The process that said to be the host had died already.
    host_dead: bool,
    /// Who listens, and the link that it is to be given.
    arrival: Option<(Arc<dyn Acceptor>, Arc<dyn Link>)>,
}

impl Signs {
    pub fn new(wake: Wake) -> Signs {
        Signs { wake, state: Mutex::default() }
    }

    /// The link has read the end.
    pub fn input_has_ended(&self) {
        let told = std::mem::replace(&mut self.state().input_ended, true);
        if !told {
            self.wake.ring();
        }
    }

    pub fn link_was_dropped(&self) {
        self.state().link_dropped = true;
        self.wake.ring();
    }

    /// A listener has started: its acceptor gets the link.
    pub fn listens(&self, acceptor: Arc<dyn Acceptor>, link: Arc<dyn Link>) {
        self.state().arrival = Some((acceptor, link));
        self.wake.ring();
    }

    /// The listener was closed: its acceptor is not told of an end any more.
    pub fn listener_was_closed(&self) {
        self.state().listener_closed = true;
    }

    /// The host has said which process it is.
    #[cfg(target_os = "linux")]
    pub fn host_is(&self, pid: u64, pid_namespace: u64) {
        use rustix::io::Errno;
        use rustix::process::{Pid, PidfdFlags, pidfd_open};

        if pid_namespace == 0 || Some(pid_namespace) != own_pid_namespace() {
            return;
        }
        let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(host) => self.state().host = Some(host.into()),
            Err(Errno::SRCH) => self.state().host_dead = true,
            // An old system: the end of the input tells as well.
            Err(_) => return,
        }
        self.wake.ring();
    }

    /// The host has said which process it is; only Linux can watch it.
    #[cfg(not(target_os = "linux"))]
    pub fn host_is(&self, _pid: u64, _pid_namespace: u64) {}

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(target_os = "linux")]
fn own_pid_namespace() -> Option<u64> {
    rustix::fs::stat("/proc/self/ns/pid").ok().map(|stat| stat.st_ino)
}

/// Watches over the one link of a child, from the moment when the streams were taken: it hands the
/// link on when a listener starts, tells its acceptor when it is over, and ends the process when the host has gone and the process does not end by itself. It never
/// reads what the host sends, and runs whatever user code does.
///
/// ```text
///               input ended, host died                       grace over
///   Watching ----------------------------> HostGone ------------------------> the process ends
///      |
///      | link dropped by this process
///      v
///   LinkOver: as Watching, by the host's process alone
/// ```
pub(crate) struct Watchman {
    /// Hangs up when the host has closed it; `None` once this process has dropped its link.
    input: Option<PrivateFd>,
    host: Option<PrivateFd>,
    signs: Arc<Signs>,
    /// `None` before a listener starts, and once it was told of the end.
    acceptor: Option<Arc<dyn Acceptor>>,
    handed_on: bool,
    /// How long the process may take to end by itself; `None`: as long as it likes.
    grace: Option<Duration>,
}

impl Watchman {
    pub fn new(input: OwnedFd, signs: Arc<Signs>, grace: Option<Duration>) -> Watchman {
        Watchman { input: Some(input.into()), host: None, signs, acceptor: None, handed_on: false, grace }
    }

    pub fn run(mut self) {
        while !self.is_host_gone() {
            let dropped = self.signs.state().link_dropped;
            if dropped {
                self.input = None;
                self.tell();
                if self.host.is_none() || self.grace.is_none() {
                    return;
                }
            }
        }
        // From here on the process ends; what this thread still holds ends with it.
        self.input = None;
        let over = self.grace.map(end_of);
        self.tell();
        if let Some(over) = over {
            self.linger(Some(over));
            // SAFETY: it ends the process at once, without running anything of it.
            unsafe { libc::_exit(0) };
        }
        if !self.handed_on {
            self.linger(None);
        }
    }

    /// Hands the link on, where a listener has started since.
    fn hand_on(&mut self) {
        let arrival = self.signs.state().arrival.take();
        if let Some((acceptor, link)) = arrival {
            acceptor.accepted(link, &[]);
            self.acceptor = Some(acceptor);
            self.handed_on = true;
        }
    }

    /// Waits, after the host's end, until then, or else until a listener has started: it is told as well.
    fn linger(&mut self, over: Option<Instant>) {
        loop {
            let left = over.map(|over| over.saturating_duration_since(Instant::now()));
            if left.map_or(self.handed_on, |left| left.is_zero()) {
                return;
            }
            let timeout = left.and_then(|left| Timespec::try_from(left).ok());
            let mut polled = [PollFd::from_borrowed_fd(self.signs.wake.as_fd(), PollFlags::IN)];
            if poll(&mut polled, timeout.as_ref()).is_err() {
                std::thread::sleep(Duration::from_millis(1));
            }
            self.signs.wake.hush();
            self.hand_on();
            self.tell();
        }
    }

    /// Sleeps until there is a sign, and answers whether it is the host's end.
    fn is_host_gone(&mut self) -> bool {
        let mut polled = vec![PollFd::from_borrowed_fd(self.signs.wake.as_fd(), PollFlags::IN)];
        polled.extend(self.host.as_ref().map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)));
        polled.extend(self.input.as_ref().map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), hang_up())));
        let forever: Option<&Timespec> = None;
        if poll(&mut polled, forever).is_err() {
            // A signal, or a shortage of memory: look again, but not at once.
            std::thread::sleep(Duration::from_millis(1));
            return false;
        }
        let gone = polled[1..].iter().any(|fd| !fd.revents().is_empty());
        if polled[0].revents().intersects(PollFlags::IN) {
            self.signs.wake.hush();
        }
        self.hand_on();
        let mut state = self.signs.state();
        if let Some(host) = state.host.take() {
            self.host = Some(host);
        }
        gone || state.input_ended || state.host_dead
    }

    /// Tells the acceptor, once, that there will be no further link.
    fn tell(&mut self) {
        let closed = self.signs.state().listener_closed;
        if let Some(acceptor) = self.acceptor.take().filter(|_| !closed) {
            acceptor.ended(Fault::StdioEnded.with(&[]));
        }
    }
}

/// What to poll for so as to learn of the end, though there are bytes to be read.
fn hang_up() -> PollFlags {
    #[cfg(target_os = "linux")]
    return PollFlags::RDHUP;
    #[cfg(not(target_os = "linux"))]
    return PollFlags::empty();
}
