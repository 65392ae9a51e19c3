//! The calling side.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{connect, sockopt};
use samehost_transport_api::{Address, Connector, Fault, Link, LinkError, Peer, end_of};
use samehost_transport_posix::{FdLink, Wake, errno_text, system_fault};

use crate::TcpOptions;
use crate::place::Place;
use crate::secret::{self, Greeter};
use crate::socket::{is_to_itself, new_socket, prepare};

/// Connects to one place, as often as it is asked to. It looks a name up each time, and tries what it finds
/// one after the other.
pub(crate) struct TcpConnector {
    place: Place,
    hello_timeout: Duration,
    greeter: Option<Greeter>,
    closed: AtomicBool,
    /// Rung once, by close, and never hushed.
    wake: Wake,
}

/// Why no connection was made to one of the endpoints.
enum Failure {
    Refused,
    Unanswered,
    Unreachable(Errno),
    /// Nothing that another endpoint could do better.
    Final(LinkError),
}

impl TcpConnector {
    pub fn new(
        place: Place,
        options: &TcpOptions,
        greeter: Option<Greeter>,
    ) -> Result<TcpConnector, LinkError> {
        let wake = Wake::new().map_err(|errno| failed(place.address(), "eventfd", errno))?;
        let closed = AtomicBool::new(false);
        Ok(TcpConnector { place, hello_timeout: options.hello_timeout, greeter, closed, wake })
    }

    /// Tries one endpoint.
    fn try_one(&self, endpoint: &SocketAddr, patience: Duration) -> Result<OwnedFd, Failure> {
        let fatal = |operation: &str, errno| Failure::Final(failed(self.place.address(), operation, errno));
        if self.closed.load(Ordering::Acquire) {
            return Err(Failure::Final(Fault::ChannelShutdown.with(&[self.place.address()])));
        }
        // An address family that this host does not have is no way to it.
        let socket = new_socket(endpoint).map_err(|errno| match errno {
            Errno::AFNOSUPPORT => Failure::Unreachable(errno),
            errno => fatal("socket", errno),
        })?;
        prepare(&socket, endpoint.ip()).map_err(|errno| fatal("setsockopt", errno))?;
        let result = match connect(&socket, endpoint) {
            Err(Errno::INPROGRESS | Errno::INTR) => {
                if !self.wait(&socket, PollFlags::OUT, patience).map_err(Failure::Final)? {
                    return Err(Failure::Unanswered);
                }
                match sockopt::socket_error(&socket) {
                    Ok(answer) => answer,
                    Err(errno) => return Err(fatal("getsockopt", errno)),
                }
            }
            result => result,
        };
        match result {
            Ok(()) if is_to_itself(&socket).map_err(|errno| fatal("getsockname", errno))? => {
                Err(Failure::Refused)
            }
            Ok(()) => Ok(socket),
            Err(Errno::CONNREFUSED) => Err(Failure::Refused),
            Err(Errno::TIMEDOUT) => Err(Failure::Unanswered),
            Err(errno @ (Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::NETDOWN | Errno::ADDRNOTAVAIL)) => {
                Err(Failure::Unreachable(errno))
            }
            Err(errno) => Err(fatal("connect", errno)),
        }
    }

    /// Waits until a socket is ready; answers whether that was in time.
    fn wait(&self, socket: impl AsFd, flags: PollFlags, patience: Duration) -> Result<bool, LinkError> {
        let started = Instant::now();
        loop {
            let left = patience.saturating_sub(started.elapsed());
            let mut polled =
                [PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN), PollFd::new(&socket, flags)];
            match poll(&mut polled, Timespec::try_from(left).ok().as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) if polled[0].revents().is_empty() => return Ok(true),
                Ok(_) => return Err(Fault::ChannelShutdown.with(&[self.place.address()])),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(self.place.address(), "poll", errno)),
            }
        }
    }

    /// What all failed tries come to: the one that says most, with all that suffered from it.
    fn explain(&self, failures: &[(SocketAddr, Failure)], timeout: Duration) -> LinkError {
        let address = self.place.address();
        let named = |which: fn(&Failure) -> bool| {
            let names = failures.iter().filter(|one| which(&one.1)).map(|one| one.0.to_string());
            names.collect::<Vec<_>>().join(", ")
        };
        let unanswered = named(|failure| matches!(failure, Failure::Unanswered));
        let refused = named(|failure| matches!(failure, Failure::Refused));
        if !unanswered.is_empty() {
            return Fault::ConnectUnanswered.with(&[address, &unanswered, &timeout.as_secs_f64()]);
        }
        if !refused.is_empty() {
            return Fault::ConnectPortClosed.with(&[address, &refused]);
        }
        let reason = failures.iter().find_map(|(_, failure)| match failure {
            Failure::Unreachable(errno) => Some(errno_text(*errno)),
            _ => None,
        });
        let unreachable = named(|failure| matches!(failure, Failure::Unreachable(_)));
        Fault::ConnectUnreachable.with(&[address, &unreachable, &reason.unwrap_or_default()])
    }

    fn connected(&self, timeout: Duration) -> Result<(OwnedFd, SocketAddr), LinkError> {
        let started = Instant::now();
        let endpoints = self.place.resolve()?;
        let mut failures = Vec::new();
        for (number, endpoint) in endpoints.iter().enumerate() {
            // One that does not answer leaves time for those behind it.
            let left = timeout.saturating_sub(started.elapsed());
            match self.try_one(endpoint, left / (endpoints.len() - number) as u32) {
                Ok(socket) => return Ok((socket, *endpoint)),
                Err(Failure::Final(why)) => return Err(why),
                Err(failure) => failures.push((*endpoint, failure)),
            }
        }
        Err(self.explain(&failures, timeout))
    }
}

impl Connector for TcpConnector {
    fn connect(&self, timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        let until = end_of(timeout);
        let (socket, endpoint) = self.connected(timeout)?;
        let address = self.place.address();
        let link = FdLink::over(socket, Peer::at(address.to_string()))
            .map_err(|errno| failed(address, "eventfd", errno))?;
        let Some(greeter) = &self.greeter else { return Ok(Arc::new(link)) };
        secret::greet(greeter, Arc::new(link), |link, flags| {
            let left = until.saturating_duration_since(Instant::now());
            match self.wait(link.descriptors().read, flags, left)? {
                true => Ok(()),
                false => Err(Fault::ConnectUnanswered.with(&[address, &endpoint, &timeout.as_secs_f64()])),
            }
        })
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
