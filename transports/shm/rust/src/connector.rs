//! The calling side.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg, send};
use samehost_transport_api::{Address, Connector, Fault, Link, LinkError, Peer, end_of};
use samehost_transport_posix::{FdLink, quiet, system_fault};
use samehost_transport_reception::{ACK, Answer, Answered, NAK, Offer, VERSION};
use samehost_transport_unix::UnixConnector;

use crate::ShmOptions;
use crate::layout::Side;
use crate::link::ShmLink;
use crate::region::Region;

/// Connects to a Unix socket and offers to go on in shared memory. Without an answer that can be used
/// it goes on over the socket, unless it is strict.
pub(crate) struct ShmConnector {
    address: Address,
    socket: UnixConnector,
    options: ShmOptions,
    /// That there is no shared memory was said in the log.
    said: AtomicBool,
}

impl ShmConnector {
    pub fn new(address: Address, socket: UnixConnector, options: ShmOptions) -> ShmConnector {
        ShmConnector { address, socket, options, said: AtomicBool::new(false) }
    }

    /// Waits until the socket can be read, or the time is over, or this is closed.
    fn pause(&self, socket: &OwnedFd, until: Instant, patience: Duration) -> Result<(), LinkError> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Fault::PeerSilent.with(&[&self.address, &patience.as_secs_f64()]));
        }
        let mut polled = [
            PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.socket.closing(), PollFlags::IN),
        ];
        match poll(&mut polled, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => self.socket.check_open(),
            Err(errno) => Err(self.failed("poll", errno)),
        }
    }

    /// Reads the server's answer, and its descriptors.
    fn hear(&self, socket: &OwnedFd, patience: Duration) -> Result<Heard, LinkError> {
        let until = end_of(patience);
        let (mut bytes, mut fds) = (Vec::new(), Vec::new());
        loop {
            match Answer::decode(&bytes) {
                Answered::Whole(answer, _) => return Ok(Heard::Answer(answer, fds)),
                Answered::Nonsense(_) => return Ok(Heard::Other(bytes)),
                Answered::More => {}
            }
            let mut buffer = [0; 256];
            match receive(socket, &mut buffer, &mut fds) {
                Ok(0) => return Ok(Heard::Other(bytes)),
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(Errno::CONNRESET) => return Ok(Heard::Other(bytes)),
                Err(Errno::AGAIN | Errno::INTR) => self.pause(socket, until, patience)?,
                Err(errno) => return Err(self.failed("recvmsg", errno)),
            }
        }
    }

    /// The link in shared memory, or the socket back and why there is none.
    fn upgrade(
        &self,
        socket: OwnedFd,
        peer: &Peer,
        answer: Answer,
        fds: Vec<OwnedFd>,
    ) -> Result<Result<ShmLink, (OwnedFd, String)>, LinkError> {
        let ring_bytes = match answer {
            Answer::Refused { reason, .. } => return Ok(Err((socket, reason))),
            Answer::Accepted { ring_bytes, .. } => ring_bytes,
        };
        let region = match <[OwnedFd; 2]>::try_from(fds) {
            Ok([memory, second]) => Region::adopt(memory, ring_bytes)
                .map(|region| (region, second))
                .map_err(|unusable| unusable.reason()),
            Err(_) => Err(Fault::ShmUnusable.text(&[&"did not come with the answer"])),
        };
        match region {
            Ok((region, second)) => {
                self.say(&socket, ACK)?;
                let link = ShmLink::over(Side::Connector, region, socket, second, peer.clone())
                    .map_err(|errno| self.failed("eventfd", errno))?;
                Ok(Ok(link))
            }
            Err(reason) => {
                self.say(&socket, NAK)?;
                Ok(Err((socket, reason)))
            }
        }
    }

    fn say(&self, socket: &OwnedFd, byte: u8) -> Result<(), LinkError> {
        self.send(socket, &[byte])
    }

    /// Sends a few bytes on a new connection, for which there is room.
    fn send(&self, socket: &OwnedFd, bytes: &[u8]) -> Result<(), LinkError> {
        match send(socket, bytes, quiet()) {
            Ok(_) => Ok(()),
            // It has gone, and what it said before is read first.
            Err(Errno::PIPE | Errno::CONNRESET) => Ok(()),
            Err(errno) => Err(self.failed("send", errno)),
        }
    }

    fn over_socket(&self, socket: OwnedFd, peer: Peer, bytes: Vec<u8>) -> Result<FdLink, LinkError> {
        let link = FdLink::over(socket, peer).map_err(|errno| self.failed("eventfd", errno))?;
        Ok(link.with_initial(bytes))
    }

    fn failed(&self, operation: &str, errno: Errno) -> LinkError {
        system_fault(Fault::ConnectFailed, &self.address, operation, errno)
    }
}

impl Connector for ShmConnector {
    fn connect(&self, timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        let begin = Instant::now();
        let (socket, peer) = self.socket.dial(timeout)?;
        let left = timeout.saturating_sub(begin.elapsed()).max(Duration::from_millis(1));
        self.send(&socket, &Offer { version: VERSION, ring_bytes: self.options.ring_bytes }.encode())?;
        let (answer, fds) = match self.hear(&socket, left.min(self.hello_timeout()))? {
            Heard::Answer(answer, fds) => (answer, fds),
            // Whoever speaks the wire above names what this is.
            Heard::Other(bytes) => return Ok(Arc::new(self.over_socket(socket, peer, bytes)?)),
        };
        match self.upgrade(socket, &peer, answer, fds)? {
            Ok(link) => Ok(Arc::new(link)),
            Err((_, reason)) if self.options.strict => Err(Fault::ShmStrict.with(&[&self.address, &reason])),
            Err((socket, reason)) => {
                let text = Fault::ShmFallback.text(&[&self.address, &reason]);
                if !self.said.swap(true, Ordering::Relaxed) {
                    tracing::warn!("{text}");
                }
                Ok(Arc::new(self.over_socket(socket, peer, Vec::new())?.with_medium(text)))
            }
        }
    }

    fn hello_timeout(&self) -> Duration {
        self.socket.hello_timeout()
    }

    fn close(&self) {
        self.socket.close();
    }
}

/// What came after an offer.
enum Heard {
    Answer(Answer, Vec<OwnedFd>),
    /// Something else, or the end.
    Other(Vec<u8>),
}

/// Reads what is there, with the descriptors that come with it.
fn receive(socket: &OwnedFd, buffer: &mut [u8], fds: &mut Vec<OwnedFd>) -> rustix::io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    #[cfg(target_os = "linux")]
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    let flags = RecvFlags::DONTWAIT;
    let told = recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, flags)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            fds.extend(passed);
        }
    }
    #[cfg(not(target_os = "linux"))]
    for fd in &*fds {
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
    }
    if told.flags.contains(ReturnFlags::CTRUNC) {
        // There were more than can be meant, or no room for them in this process.
        fds.clear();
    }
    Ok(told.bytes)
}
