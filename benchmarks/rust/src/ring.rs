//! Shared memory without anything above it: a place for one message each way.
//!
//! The memory is `[seq: u64][length: u64] ... [message at 64]` for each direction. Whoever sends writes the message,
//! then its sequence number; whoever receives spins on that, or sleeps until a byte on the socket says it is there.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap};

use crate::Failure;
use crate::flow::{self, Flow};
use crate::raw::End;
use crate::spinning::{NAP, spin};

const MESSAGE_AT: usize = 64;
const LARGEST: usize = (1 << 20) + 64;
const PLACE: usize = 2 << 20;
const FLOW_AT: usize = 2 * PLACE;
const WHOLE: usize = FLOW_AT + flow::BYTES;

/// One end: where it writes, where it reads, and the socket.
pub struct Ring {
    memory: NonNull<u8>,
    mine: usize,
    sent: u64,
    received: u64,
    bell: UnixStream,
    spin: bool,
    flow: Flow,
}

impl Ring {
    /// The calling side.
    pub fn connect(path: &str, spin: bool) -> Result<Ring, Failure> {
        let bell = UnixStream::connect(path)?;
        let mut name = String::new();
        BufReader::new(&bell).read_line(&mut name)?;
        let memory = OpenOptions::new().read(true).write(true).open(name.trim_end())?;
        Ring::over(&memory, 0, bell, spin)
    }

    /// The answering side, which makes the memory and says where it is found.
    pub fn accept(path: &str, spin: bool) -> Result<Ring, Failure> {
        let listener = UnixListener::bind(path)?;
        println!("READY shm:{path}");
        let mut bell = listener.accept()?.0;
        let memory = File::from(memfd_create("samehost-benchmarks", MemfdFlags::CLOEXEC)?);
        ftruncate(&memory, WHOLE as u64)?;
        writeln!(bell, "/proc/{}/fd/{}", std::process::id(), memory.as_raw_fd())?;
        let ring = Ring::over(&memory, PLACE, bell, spin);
        // The client opens it by this descriptor's name, so it stays.
        std::mem::forget(memory);
        ring
    }

    fn over(memory: &File, mine: usize, bell: UnixStream, spin: bool) -> Result<Ring, Failure> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at a place of the kernel's choice, which lasts as long as the process.
        let mapped = unsafe { mmap(ptr::null_mut(), WHOLE, access, MapFlags::SHARED, memory, 0) }?;
        let memory = NonNull::new(mapped.cast()).ok_or("mapped at null")?;
        // SAFETY: inside the mapping, behind both places.
        let behind = unsafe { memory.add(FLOW_AT) };
        // SAFETY: as much as was reserved for it, for as long as the process lasts.
        let flow = unsafe { Flow::at(behind) };
        Ok(Ring { memory, mine, sent: 0, received: 0, bell, spin, flow })
    }

    fn number(&self, at: usize) -> &AtomicU64 {
        // SAFETY: `at` is the place of a number in one of the two halves, all inside the mapping.
        let place = unsafe { self.memory.as_ptr().add(at) };
        // SAFETY: the mapping is aligned to a page, `at` to 8, and both processes use atomics alone there.
        unsafe { AtomicU64::from_ptr(place.cast()) }
    }

    fn wait(&mut self, theirs: usize) -> Result<bool, Failure> {
        if !self.spin {
            // A byte for each message, read whether the message was seen before it or not.
            return Ok(self.bell.read(&mut [0])? == 1);
        }
        spin(
            || Ok((self.number(theirs).load(Ordering::Acquire) != self.received).then_some(())),
            || {
                std::thread::sleep(NAP);
                Ok(())
            },
        )?;
        Ok(true)
    }
}

impl End for Ring {
    fn send(&mut self, body: &[u8]) -> Result<(), Failure> {
        if body.len() > LARGEST {
            return Err("the message is larger than its place".into());
        }
        // SAFETY: the place of messages begins inside the mapping.
        let place = unsafe { self.memory.as_ptr().add(self.mine + MESSAGE_AT) };
        // SAFETY: its size was checked, and the peer reads it only after the number below has changed.
        unsafe { ptr::copy_nonoverlapping(body.as_ptr(), place, body.len()) };
        self.number(self.mine + 8).store(body.len() as u64, Ordering::Relaxed);
        self.sent += 1;
        self.number(self.mine).store(self.sent, Ordering::Release);
        if !self.spin {
            self.bell.write_all(&[1])?;
        }
        Ok(())
    }

    fn receive(&mut self, body: &mut Vec<u8>) -> Result<bool, Failure> {
        let theirs = PLACE - self.mine;
        if !self.wait(theirs)? {
            return Ok(false);
        }
        self.received = self.number(theirs).load(Ordering::Acquire);
        let length = usize::try_from(self.number(theirs + 8).load(Ordering::Relaxed))?.min(LARGEST);
        body.resize(length, 0);
        // SAFETY: the place of messages begins inside the mapping.
        let place = unsafe { self.memory.as_ptr().add(theirs + MESSAGE_AT) };
        // SAFETY: at most as much as fits, and the peer writes nothing more before it is answered.
        unsafe { ptr::copy_nonoverlapping(place, body.as_mut_ptr(), length) };
        Ok(true)
    }

    fn push(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.flow.send(body)
    }

    fn pull(&mut self, size: usize, body: &mut Vec<u8>) -> Result<(), Failure> {
        self.flow.receive(size, body)
    }
}
