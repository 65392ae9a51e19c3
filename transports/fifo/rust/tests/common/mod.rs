//! What the tests share: a folder with a rendezvous, and clients that do one step after the other by hand.
#![allow(dead_code)] // each test program uses its part

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use samehost_transport_api::{Address, Connector, Listener, Options, Transport};
use samehost_transport_fifo::{FifoOptions, FifoTransport};
use samehost_transport_posix::make_fifo;
use samehost_transport_testkit::RecordingAcceptor;

pub const LONG: Duration = Duration::from_secs(60);

/// A folder with a rendezvous in it, or a place for one.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self) -> PathBuf {
        self.folder().join("calls")
    }

    pub fn address(&self) -> Address {
        format!("fifo:{}", self.path().display()).parse().unwrap()
    }

    /// The names in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Waits until no names are in the folder but these.
    pub fn await_names(&self, expected: &[&str]) {
        let begin = Instant::now();
        while self.names() != expected {
            assert!(begin.elapsed() < LONG, "{:?}", self.names());
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn inode(&self) -> u64 {
        std::fs::symlink_metadata(self.path()).unwrap().ino()
    }

    pub fn connector(&self) -> Box<dyn Connector> {
        FifoTransport::new().connector(&self.address(), &Options::new()).unwrap()
    }

    pub fn listener(&self, hello_timeout: Duration) -> Box<dyn Listener> {
        let options = Options::new().with(FifoOptions { hello_timeout });
        FifoTransport::new().listener(&self.address(), &options).unwrap()
    }

    /// A server that takes connections that begin with "first", and hears them for long.
    pub fn server(&self) -> (Box<dyn Listener>, Arc<RecordingAcceptor>) {
        self.server_that_hears(Duration::from_secs(3600))
    }

    pub fn server_that_hears(&self, hello_timeout: Duration) -> (Box<dyn Listener>, Arc<RecordingAcceptor>) {
        let (listener, acceptor) = (self.listener(hello_timeout), RecordingAcceptor::new(b"first"));
        listener.start(acceptor.clone()).unwrap();
        (listener, acceptor)
    }

    /// Writes bytes to the rendezvous, as a record or as a lie.
    pub fn hand_in(&self, bytes: impl AsRef<[u8]>) {
        File::options().write(true).open(self.path()).unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// The first step of a client: a pair of FIFOs.
    pub fn pair(&self, number: u64) -> ByHand {
        let name = |end| format!(".calls.{number:016x}.{end}");
        let client = ByHand {
            folder: self.folder().to_owned(),
            rendezvous: self.path(),
            up: name("up"),
            down: name("down"),
        };
        make_fifo(&client.path(&client.up), 0o600).unwrap();
        make_fifo(&client.path(&client.down), 0o600).unwrap();
        client
    }
}

/// A client that does one step after the other, as a test tells it.
pub struct ByHand {
    folder: PathBuf,
    rendezvous: PathBuf,
    pub up: String,
    pub down: String,
}

impl ByHand {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn record(&self) -> String {
        format!("\nfifo1 {} {}\n", self.up, self.down)
    }

    /// The second step.
    pub fn open_down(&self) -> File {
        const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        File::options().read(true).custom_flags(NONBLOCK).open(self.path(&self.down)).unwrap()
    }

    /// The third.
    pub fn hand_in(&self) {
        let mut rendezvous = File::options().write(true).open(&self.rendezvous).unwrap();
        rendezvous.write_all(self.record().as_bytes()).unwrap();
    }

    /// The last one, with the names still there.
    pub fn open_up(&self) -> File {
        File::options().write(true).open(self.path(&self.up)).unwrap()
    }
}

/// What comes next from a FIFO; nothing at its end.
pub fn next_of(mut fifo: &File) -> Vec<u8> {
    let mut buffer = [0; 100];
    poll(&mut [PollFd::from_borrowed_fd(fifo.as_fd(), PollFlags::IN)], None).unwrap();
    let count = fifo.read(&mut buffer).unwrap();
    buffer[..count].to_vec()
}
