//! Two descriptors without anything above them: the floor of all transports that have some.

use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, read, write};

use crate::Failure;
use crate::raw::End;

/// How long a spinning end goes without an answer before it sleeps, until there is one.
const LONGEST_SPIN: Duration = Duration::from_millis(20);

const PREFIX: usize = 4;

/// How much one read takes at first; it grows with the messages.
const ROOM: usize = 1 << 12;

/// Both directions; reads spin where the descriptors do not block.
pub struct Pipe {
    input: OwnedFd,
    output: OwnedFd,
    sending: Vec<u8>,
    receiving: Vec<u8>,
    /// How many bytes of it are there already, of the next message.
    there: usize,
    _child: Option<Child>,
}

impl Pipe {
    fn new(input: OwnedFd, output: OwnedFd, child: Option<Child>, spin: bool) -> Result<Pipe, Failure> {
        if spin {
            for end in [&input, &output] {
                fcntl_setfl(end, fcntl_getfl(end)? | OFlags::NONBLOCK)?;
            }
        }
        Ok(Pipe { input, output, sending: Vec::new(), receiving: vec![0; ROOM], there: 0, _child: child })
    }

    fn socket(socket: OwnedFd, spin: bool) -> Result<Pipe, Failure> {
        Pipe::new(socket.try_clone()?, socket, None, spin)
    }

    /// The calling side.
    pub fn connect(address: &str, spin: bool) -> Result<Pipe, Failure> {
        match address.split_once(':') {
            Some(("unix", path)) => Pipe::socket(UnixStream::connect(path)?.into(), spin),
            Some(("tcp", host)) => {
                let socket = TcpStream::connect(host)?;
                socket.set_nodelay(true)?;
                Pipe::socket(socket.into(), spin)
            }
            Some(("stdio", command)) => {
                let mut words = command.split(' ');
                let mut child = Command::new(words.next().unwrap_or_default())
                    .args(words)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()?;
                let (Some(input), Some(output)) = (child.stdout.take(), child.stdin.take()) else {
                    return Err("the child has no pipes".into());
                };
                Pipe::new(input.into(), output.into(), Some(child), spin)
            }
            _ => Err(format!("no floor for {address}").into()),
        }
    }

    /// The answering side; says that it is ready when a client can connect.
    pub fn accept(address: &str, spin: bool) -> Result<Pipe, Failure> {
        match address.split_once(':') {
            Some(("unix", path)) => {
                let listener = UnixListener::bind(path)?;
                println!("READY {address}");
                Pipe::socket(listener.accept()?.0.into(), spin)
            }
            Some(("tcp", host)) => {
                let listener = TcpListener::bind(host)?;
                println!("READY {address}");
                let socket = listener.accept()?.0;
                socket.set_nodelay(true)?;
                Pipe::socket(socket.into(), spin)
            }
            Some(("stdio", "")) => {
                let (input, output) = (std::io::stdin(), std::io::stdout());
                Pipe::new(
                    input.as_fd().try_clone_to_owned()?,
                    output.as_fd().try_clone_to_owned()?,
                    None,
                    spin,
                )
            }
            _ => Err(format!("no floor for {address}").into()),
        }
    }

    /// Reads what there is; a descriptor that does not block is asked again and again first.
    fn read_some(&mut self, at: usize) -> Result<usize, Failure> {
        let mut end = None;
        loop {
            match read(&self.input, &mut self.receiving[at..]) {
                Err(Errno::AGAIN) => {
                    let end = *end.get_or_insert_with(|| Instant::now() + LONGEST_SPIN);
                    if Instant::now() > end {
                        poll(&mut [PollFd::new(&self.input, PollFlags::IN)], None)?;
                    }
                    std::hint::spin_loop();
                }
                Err(Errno::CONNRESET) => return Ok(0),
                other => return Ok(other?),
            }
        }
    }
}

impl End for Pipe {
    fn send(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.sending.clear();
        self.sending.extend_from_slice(&u32::try_from(body.len())?.to_le_bytes());
        self.sending.extend_from_slice(body);
        let mut rest = &self.sending[..];
        while !rest.is_empty() {
            match write(&self.output, rest) {
                Err(Errno::AGAIN) => {
                    poll(&mut [PollFd::new(&self.output, PollFlags::OUT)], None)?;
                }
                other => rest = &rest[other?..],
            }
        }
        Ok(())
    }

    fn receive(&mut self, body: &mut Vec<u8>) -> Result<bool, Failure> {
        let mut there = std::mem::take(&mut self.there);
        let whole = loop {
            if let Some(prefix) = self.receiving[..there].first_chunk::<PREFIX>() {
                let whole = PREFIX + u32::from_le_bytes(*prefix) as usize;
                if there >= whole {
                    break whole;
                }
                if whole > self.receiving.len() {
                    self.receiving.resize(whole, 0);
                }
            }
            let count = self.read_some(there)?;
            if count == 0 {
                return Ok(false);
            }
            there += count;
        };
        body.clear();
        body.extend_from_slice(&self.receiving[PREFIX..whole]);
        // Of messages that follow each other one read may have brought more than one.
        self.receiving.copy_within(whole..there, 0);
        self.there = there - whole;
        Ok(true)
    }
}
