//! The calling side.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::io::{Errno, read, write};
use samehost_transport_api::{Connector, Fault, Link, LinkError, Peer, shown};
use samehost_transport_posix::{FdLink, Wake, ignore_sigpipe, system_fault};

use crate::FifoOptions;
use crate::pair::{NamedPair, Opened};
use crate::place::{Place, found_at, is_own_fifo};
use crate::record::ANSWER;

/// How long a server may take to answer until another try is made: the server that had read the record may have
/// been killed.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// The pause between two tries.
const RETRY: Duration = Duration::from_millis(10);

/// Connects at one rendezvous, as often as it is asked to. Of the files that it makes it leaves none.
pub(crate) struct FifoConnector {
    place: Place,
    hello_timeout: Duration,
    closed: AtomicBool,
    /// Rung once, by close, and never hushed.
    wake: Wake,
}

/// What one try came to, where that is no failure.
enum Outcome {
    Opened(Opened),
    /// Nobody answered, or whoever did has gone.
    Again,
}

impl FifoConnector {
    pub fn new(place: Place, options: &FifoOptions) -> Result<FifoConnector, LinkError> {
        ignore_sigpipe();
        let wake = Wake::new()
            .map_err(|errno| system_fault(Fault::ConnectFailed, &place.address, "eventfd", errno))?;
        Ok(FifoConnector {
            place,
            hello_timeout: options.hello_timeout,
            closed: AtomicBool::new(false),
            wake,
        })
    }

    fn open_rendezvous(&self) -> Result<OwnedFd, LinkError> {
        let (address, path) = (&self.place.address, &self.place.path);
        let foreign = || Fault::ConnectNotAFifo.with(&[address, &path.display()]);
        match found_at(path).map_err(|errno| self.failure("lstat", errno))? {
            Some(found) if is_own_fifo(&found) => {}
            Some(_) => return Err(foreign()),
            None => return Err(Fault::ConnectNoSuchFifo.with(&[address])),
        }
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fifo = match open(path, flags, Mode::empty()) {
            Ok(fifo) => fifo,
            Err(Errno::LOOP) => return Err(foreign()),
            Err(errno) => return Err(self.failure("open", errno)),
        };
        let found = fstat(&fifo).map_err(|errno| self.failure("fstat", errno))?;
        if is_own_fifo(&found) { Ok(fifo) } else { Err(foreign()) }
    }

    /// One try: a pair of its own, whose names are gone when it is over.
    fn try_once(&self, deadline: Deadline) -> Result<Outcome, LinkError> {
        let rendezvous = self.open_rendezvous()?;
        let pair = NamedPair::make(&self.place).map_err(|errno| self.failure("mkfifo", errno))?;
        let input = pair.open_down_for_reading().map_err(|errno| self.failure("open", errno))?;
        self.hand_in(&rendezvous, &pair.names.record(), deadline)?;
        let deadline = deadline.or_after(ANSWER_PATIENCE);
        let mut answer = [0];
        loop {
            let answered = self.wait(&input, PollFlags::IN, Some(&rendezvous), deadline)?;
            if !answered {
                return Ok(Outcome::Again);
            }
            match read(&input, &mut answer) {
                Ok(0) => return Ok(Outcome::Again),
                Ok(_) if answer[0] == ANSWER => break,
                Ok(_) => return Err(Fault::PeerNonsense.with(&[&self.place.address, &shown(&answer)])),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(errno) => return Err(self.failure("read", errno)),
            }
        }
        match pair.open_up_for_writing() {
            Ok(output) => Ok(Outcome::Opened(Opened { input, output })),
            Err(Errno::NXIO | Errno::NOENT) => Ok(Outcome::Again),
            Err(errno) => Err(self.failure("open", errno)),
        }
    }

    /// Writes a record, which the system takes whole or not at all.
    fn hand_in(&self, rendezvous: &OwnedFd, record: &[u8], deadline: Deadline) -> Result<(), LinkError> {
        loop {
            match write(rendezvous, record) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if self.wait(rendezvous, PollFlags::OUT, None, deadline)? => {}
                Err(Errno::AGAIN) => return Err(self.timeout(deadline)),
                Err(Errno::PIPE) => return Err(self.failure("write", Errno::NXIO)),
                Err(errno) => return Err(self.failure("write", errno)),
            }
        }
    }

    /// Waits until a descriptor is ready; false at the deadline. A rendezvous that loses its reader ends it.
    fn wait(
        &self,
        wanted: &OwnedFd,
        events: PollFlags,
        rendezvous: Option<&OwnedFd>,
        deadline: Deadline,
    ) -> Result<bool, LinkError> {
        let mut polled =
            vec![PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN), PollFd::new(wanted, events)];
        polled.extend(rendezvous.map(|rendezvous| PollFd::new(rendezvous, PollFlags::empty())));
        loop {
            match poll(&mut polled, Timespec::try_from(deadline.left()).ok().as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) if !polled[0].revents().is_empty() => {
                    return Err(Fault::ChannelShutdown.with(&[&self.place.address]));
                }
                // What was answered counts, though the server has closed meanwhile.
                Ok(_) if !polled[1].revents().is_empty() => return Ok(true),
                Ok(_) => return Err(self.failure("poll", Errno::NXIO)),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.failure("poll", errno)),
            }
        }
    }

    fn failure(&self, operation: &str, errno: Errno) -> LinkError {
        let address = &self.place.address;
        match errno {
            Errno::NOENT => Fault::ConnectNoSuchFifo.with(&[address]),
            Errno::NXIO => Fault::ConnectFifoUnread.with(&[address]),
            Errno::ACCESS => Fault::ConnectFifoPermission.with(&[address, &operation]),
            errno => system_fault(Fault::ConnectFailed, address, operation, errno),
        }
    }

    fn timeout(&self, deadline: Deadline) -> LinkError {
        Fault::ConnectTimeout.with(&[&self.place.address, &deadline.timeout.as_secs_f64()])
    }

    fn opened(&self, timeout: Duration) -> Result<Opened, LinkError> {
        let deadline = Deadline { started: Instant::now(), timeout };
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Err(Fault::ChannelShutdown.with(&[&self.place.address]));
            }
            match self.try_once(deadline)? {
                Outcome::Opened(opened) => return Ok(opened),
                Outcome::Again if deadline.left().is_zero() => return Err(self.timeout(deadline)),
                Outcome::Again => std::thread::sleep(deadline.left().min(RETRY)),
            }
        }
    }
}

/// A point in time, and what it was reckoned from.
#[derive(Clone, Copy)]
struct Deadline {
    started: Instant,
    timeout: Duration,
}

impl Deadline {
    fn left(self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }

    /// This one, or an earlier one.
    fn or_after(self, time: Duration) -> Deadline {
        Deadline { started: Instant::now(), timeout: self.left().min(time) }
    }
}

impl Connector for FifoConnector {
    fn connect(&self, timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        let Opened { input, output } = self.opened(timeout)?;
        let peer = Peer {
            user_id: Some(rustix::process::geteuid().as_raw()),
            ..Peer::at(self.place.address.to_string())
        };
        let link = FdLink::over_two(input, output, peer).map_err(|errno| self.failure("eventfd", errno))?;
        Ok(Arc::new(link))
    }

    fn hello_timeout(&self) -> Duration {
        self.hello_timeout
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake.ring();
    }
}
