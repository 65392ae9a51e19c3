//! A server, and a client by hand that can do all that a client must not do.
#![allow(dead_code)] // each test file uses a part

use std::io::{IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use samehost_transport_api::{Address, Link, LinkError, Listener, Options, Transport};
use samehost_transport_reception::{ACK, Offer, VERSION};
use samehost_transport_shm::{ShmOptions, ShmTransport};
use samehost_transport_testkit::RecordingAcceptor;

/// Generous, as the machine may be busy.
pub const LONG: Duration = Duration::from_secs(60);

/// The smallest ring there is.
pub const RING_BYTES: usize = 64 << 10;

/// What a server of these tests takes a connection by.
pub const FIRST: &[u8] = b"first";

pub struct Server {
    pub folder: tempfile::TempDir,
    pub acceptor: Arc<RecordingAcceptor>,
    pub listener: Box<dyn Listener>,
}

impl Server {
    /// A server of a transport whose scheme may be any that is over a path.
    pub fn of(transport: &dyn Transport) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{}:{}/s", transport.scheme(), folder.path().display());
        let listener = transport.listener(&address.parse().unwrap(), &options(false)).unwrap();
        let acceptor = RecordingAcceptor::new(FIRST);
        listener.start(acceptor.clone()).unwrap();
        Server { folder, acceptor, listener }
    }

    pub fn shm() -> Server {
        Server::of(&ShmTransport::new())
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    pub fn address(&self, scheme: &str) -> Address {
        format!("{scheme}:{}", self.path().display()).parse().unwrap()
    }

    /// Connects, and says the first bytes.
    pub fn connect(&self, transport: &dyn Transport, strict: bool) -> Result<Arc<dyn Link>, LinkError> {
        let connector = transport.connector(&self.address(transport.scheme()), &options(strict))?;
        let link = connector.connect(LONG)?;
        samehost_transport_testkit::write_all(&*link, FIRST)?;
        Ok(link)
    }

    /// Both ends of a link through this server.
    pub fn ends(&self) -> (Arc<dyn Link>, Arc<dyn Link>) {
        let near = self.connect(&ShmTransport::new(), true).unwrap();
        let far = self.acceptor.next_link();
        read_first(&*far);
        (near, far)
    }
}

pub fn read_first(link: &dyn Link) {
    let mut first = [0; FIRST.len()];
    samehost_transport_testkit::read_all(link, &mut first).unwrap();
    assert_eq!(first, FIRST);
}

fn options(strict: bool) -> Options {
    Options::new().with(ShmOptions { ring_bytes: RING_BYTES as u32, strict })
}

/// A client that has the memory and does with it as it likes.
pub struct Raw {
    pub socket: UnixStream,
    pub second: OwnedFd,
    start: *mut u8,
}

/// How many bytes the memory has.
const REGION_BYTES: usize = 4096 + 2 * RING_BYTES;

impl Raw {
    /// Offers, and answers the socket, and the memory and the second socket that came with the answer.
    pub fn offer(server: &Server) -> (UnixStream, Vec<OwnedFd>) {
        let mut socket = UnixStream::connect(server.path()).unwrap();
        let offer = Offer { version: VERSION, ring_bytes: RING_BYTES as u32 };
        socket.write_all(&offer.encode()).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut answer = [0; 16];
        let told = recvmsg(&socket, &mut [IoSliceMut::new(&mut answer)], &mut control, RecvFlags::empty());
        assert_eq!(told.unwrap().bytes, 16);
        let rights = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds.collect::<Vec<_>>()),
            _ => None,
        });
        let fds = rights.flatten().collect();
        (socket, fds)
    }

    /// Takes the memory.
    pub fn accept(server: &Server) -> Raw {
        let (mut socket, fds) = Raw::offer(server);
        let [memory, second] = <[OwnedFd; 2]>::try_from(fds).unwrap();
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping; all that uses it goes through `at`.
        let start = unsafe {
            mmap(std::ptr::null_mut(), REGION_BYTES, access, MapFlags::SHARED, &memory, 0).unwrap()
        };
        socket.write_all(&[ACK]).unwrap();
        Raw { socket, second, start: start.cast() }
    }

    /// Takes the memory, is accepted by its first bytes, and answers the server's end.
    pub fn accepted(server: &Server) -> (Raw, Arc<dyn Link>) {
        let mut raw = Raw::accept(server);
        raw.put(0, FIRST);
        raw.position(128).store(FIRST.len() as u64, std::sync::atomic::Ordering::Release);
        raw.socket.write_all(&[1]).unwrap();
        let far = server.acceptor.next_link();
        read_first(&*far);
        (raw, far)
    }

    fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset < REGION_BYTES);
        // SAFETY: inside the mapping.
        unsafe { self.start.add(offset) }
    }

    pub fn position(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: aligned, inside the mapping, which lives as long as this.
        unsafe { AtomicU64::from_ptr(self.at(offset).cast()) }
    }

    pub fn word(&self, offset: usize) -> &AtomicU32 {
        // SAFETY: aligned, inside the mapping, which lives as long as this.
        unsafe { AtomicU32::from_ptr(self.at(offset).cast()) }
    }

    /// Puts bytes into the client's ring, and moves no position.
    pub fn put(&self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= RING_BYTES);
        // SAFETY: inside the first ring.
        unsafe { self.at(4096 + at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: this mapping, which nobody else has.
        unsafe { munmap(self.start.cast(), REGION_BYTES).unwrap() };
    }
}
