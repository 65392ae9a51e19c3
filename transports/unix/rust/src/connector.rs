//! The calling side.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, connect};
use samehost_transport_api::{Address, Connector, Fault, Link, LinkError, Peer};
use samehost_transport_posix::{FdLink, Wake, peer_credentials, stream_socket, system_fault};

use crate::UnixOptions;
use crate::name::Name;

/// How long to wait before a full backlog is tried again; the system does not tell when it has room.
const RETRY: Duration = Duration::from_millis(10);

/// Connects to one socket, as often as it is asked to. It touches no file but by connecting.
pub struct UnixConnector {
    address: Address,
    name: Name,
    hello_timeout: Duration,
    closed: AtomicBool,
    /// Rung once, by close, and never hushed.
    wake: Wake,
}

impl UnixConnector {
    /// A connector to the path that an address has behind its scheme, which may be another transport's.
    pub fn to_path(address: &Address, options: &UnixOptions) -> Result<UnixConnector, LinkError> {
        UnixConnector::new(address.clone(), Name::path_of(address)?, options)
    }

    pub(crate) fn new(
        address: Address,
        name: Name,
        options: &UnixOptions,
    ) -> Result<UnixConnector, LinkError> {
        let wake = Wake::new().map_err(|errno| failed(&address, "eventfd", errno))?;
        let hello_timeout = options.hello_timeout;
        Ok(UnixConnector { address, name, hello_timeout, closed: AtomicBool::new(false), wake })
    }

    /// A connection, and who is at its other end.
    pub fn dial(&self, timeout: Duration) -> Result<(OwnedFd, Peer), LinkError> {
        let socket = self.connected(timeout)?;
        let told = peer_credentials(&socket).map_err(|errno| self.failure("getsockopt", errno))?;
        let peer = Peer {
            process_id: told.process_id,
            user_id: Some(told.user_id),
            group_id: Some(told.group_id),
            ..Peer::at(self.address.to_string())
        };
        Ok((socket, peer))
    }

    /// Fails when this was closed. Whoever goes on with a new connection looks here when it waits.
    pub fn check_open(&self) -> Result<(), LinkError> {
        match self.closed.load(Ordering::Acquire) {
            false => Ok(()),
            true => Err(Fault::ChannelShutdown.with(&[&self.address])),
        }
    }

    /// Readable once this was closed.
    pub fn closing(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    fn connected(&self, timeout: Duration) -> Result<OwnedFd, LinkError> {
        let started = Instant::now();
        let name = self.name.to_system().map_err(|errno| self.failure("connect", errno))?;
        loop {
            self.check_open()?;
            // The description is new, so that nobody shares the flag.
            let socket =
                stream_socket(AddressFamily::UNIX).map_err(|errno| failed(&self.address, "socket", errno))?;
            match connect(&socket, &name) {
                Ok(()) => return Ok(socket),
                Err(Errno::AGAIN | Errno::INTR | Errno::INPROGRESS) => drop(socket),
                Err(errno) => return Err(self.failure("connect", errno)),
            }
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(Fault::ConnectTimeout.with(&[&self.address, &timeout.as_secs_f64()]));
            }
            self.pause(left.min(RETRY))?;
        }
    }

    /// Waits for a while, or until this is closed.
    fn pause(&self, time: Duration) -> Result<(), LinkError> {
        let mut wake = [PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)];
        match poll(&mut wake, Timespec::try_from(time).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(failed(&self.address, "poll", errno)),
        }
    }

    /// A path is refused by a dead server's socket, and by what is no socket.
    fn refusal(&self) -> LinkError {
        match std::fs::metadata(self.address.rest()) {
            Ok(found) if !found.file_type().is_socket() => {
                Fault::ConnectNotASocket.with(&[&self.address, &self.address.rest()])
            }
            _ => Fault::ConnectRefused.with(&[&self.address]),
        }
    }

    fn failure(&self, operation: &str, errno: Errno) -> LinkError {
        let a_path = matches!(self.name, Name::Path(_));
        match errno {
            Errno::NOENT => Fault::ConnectNoSuchFile.with(&[&self.address]),
            Errno::CONNREFUSED if a_path => self.refusal(),
            Errno::ACCESS => Fault::ConnectPermission.with(&[&self.address]),
            errno => failed(&self.address, operation, errno),
        }
    }
}

impl Connector for UnixConnector {
    fn connect(&self, timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        let (socket, peer) = self.dial(timeout)?;
        let link = FdLink::over(socket, peer).map_err(|errno| failed(&self.address, "eventfd", errno))?;
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

fn failed(address: &Address, operation: &str, errno: Errno) -> LinkError {
    system_fault(Fault::ConnectFailed, address, operation, errno)
}
