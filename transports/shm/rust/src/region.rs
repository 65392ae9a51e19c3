//! The shared memory itself: making it, checking what a peer has made, and mapping it.

use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use rustix::fs::{fstat, ftruncate};
use rustix::io::{Errno, Result};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use samehost_transport_api::Fault;
use samehost_transport_posix::errno_text;

use crate::cells::Cells;
use crate::layout::{HEADER_BYTES, MAGIC, RING_BYTES_AT, Side, region_bytes};

/// Memory that is mapped here and at the peer, until this is dropped. The peer may change every byte
/// at any time, so nothing here is a Rust value: positions and words are atomics, and the rings are
/// copied into and out of.
pub(crate) struct Region {
    start: NonNull<u8>,
    ring_bytes: u32,
}

// SAFETY: the memory belongs to no thread; everything in it is used through atomics or copied.
unsafe impl Send for Region {}
// SAFETY: as above; positions are atomics, and the two ends of a ring have one thread each.
unsafe impl Sync for Region {}

impl Region {
    /// New memory, and its descriptor for the peer. On Linux its size is sealed.
    pub fn create(ring_bytes: u32) -> Result<(Region, OwnedFd)> {
        let memory = new_memory()?;
        ftruncate(&memory, region_bytes(ring_bytes) as u64)?;
        seal(&memory)?;
        let region = Region::map(&memory, ring_bytes)?;
        // SAFETY: both are inside the header, and nobody else has the memory yet.
        unsafe { region.at(0).copy_from_nonoverlapping(MAGIC.as_ptr(), MAGIC.len()) };
        let told = region.number(RING_BYTES_AT);
        told.store(ring_bytes, Ordering::Relaxed);
        Ok((region, memory))
    }

    /// The memory that a peer has made; an error says why it is none that can be used.
    pub fn adopt(memory: impl AsFd, ring_bytes: u32) -> std::result::Result<Region, Unusable> {
        check_sealed(&memory)?;
        if fstat(&memory)?.st_size as u64 != region_bytes(ring_bytes) as u64 {
            return Err(Unusable::Size);
        }
        let region = Region::map(memory, ring_bytes)?;
        let mut magic = [0; MAGIC.len()];
        // SAFETY: the header is inside the mapping, whose size can no longer change.
        unsafe { region.at(0).copy_to_nonoverlapping(magic.as_mut_ptr(), magic.len()) };
        if magic != MAGIC || region.number(RING_BYTES_AT).load(Ordering::Relaxed) != ring_bytes {
            return Err(Unusable::Header);
        }
        Ok(region)
    }

    fn map(memory: impl AsFd, ring_bytes: u32) -> Result<Region> {
        let (size, access) = (region_bytes(ring_bytes), ProtFlags::READ | ProtFlags::WRITE);
        // SAFETY: a new mapping, wherever the system likes.
        let start = unsafe { mmap(std::ptr::null_mut(), size, access, MapFlags::SHARED, memory, 0) }?;
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        let region = Region { start, ring_bytes };
        region.keep_from_children()?;
        Ok(region)
    }

    /// A child that is forked has no business in it.
    #[cfg(target_os = "linux")]
    fn keep_from_children(&self) -> Result<()> {
        use rustix::mm::{Advice, madvise};
        let (start, size) = (self.start.as_ptr().cast(), region_bytes(self.ring_bytes));
        // SAFETY: exactly this mapping; the advice changes nothing for this process.
        unsafe { madvise(start, size, Advice::LinuxDontFork) }
    }

    #[cfg(not(target_os = "linux"))]
    fn keep_from_children(&self) -> Result<()> {
        Ok(())
    }

    fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < region_bytes(self.ring_bytes));
        // SAFETY: offsets are those of the layout, inside the mapping.
        unsafe { self.start.as_ptr().add(offset) }
    }

    fn position(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: aligned to 128 bytes from a page's start, inside the mapping, which lives as long
        // as this; the peer uses it as an atomic too, or else lies only to itself.
        unsafe { AtomicU64::from_ptr(self.at(offset).cast()) }
    }

    fn number(&self, offset: usize) -> &AtomicU32 {
        // SAFETY: as for positions; aligned to 4 bytes at least.
        unsafe { AtomicU32::from_ptr(self.at(offset).cast()) }
    }

    fn ring(&self, writer: Side, at: usize, count: usize) -> *mut u8 {
        assert!(at + count <= self.ring_bytes as usize, "inside the ring");
        self.at(writer.ring_at(self.ring_bytes) + at)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's alone, and no reference into it outlives it.
        let result = unsafe { munmap(self.start.as_ptr().cast(), region_bytes(self.ring_bytes)) };
        debug_assert_eq!(result, Ok(()));
    }
}

impl Cells for Region {
    fn ring_bytes(&self) -> u32 {
        self.ring_bytes
    }

    fn tail(&self, writer: Side, order: Ordering) -> u64 {
        self.position(writer.tail_at()).load(order)
    }

    fn set_tail(&self, writer: Side, position: u64, order: Ordering) {
        self.position(writer.tail_at()).store(position, order);
    }

    fn head(&self, writer: Side, order: Ordering) -> u64 {
        self.position(writer.head_at()).load(order)
    }

    fn set_head(&self, writer: Side, position: u64, order: Ordering) {
        self.position(writer.head_at()).store(position, order);
    }

    fn word(&self, side: Side, order: Ordering) -> u32 {
        self.number(side.word_at()).load(order)
    }

    fn set_bits(&self, side: Side, bits: u32) -> u32 {
        self.number(side.word_at()).fetch_or(bits, Ordering::AcqRel)
    }

    fn clear_bits(&self, side: Side, bits: u32) -> u32 {
        self.number(side.word_at()).fetch_and(!bits, Ordering::AcqRel)
    }

    fn fence(&self) {
        fence(Ordering::SeqCst);
    }

    fn copy_in(&self, writer: Side, at: usize, bytes: &[u8]) {
        let place = self.ring(writer, at, bytes.len());
        // SAFETY: the place is checked; the mapping is no Rust memory, so `bytes` is elsewhere. What
        // a peer that writes here at the same time brings about is wrong bytes, for itself.
        unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    fn copy_out(&self, writer: Side, at: usize, bytes: &mut [u8]) {
        let place = self.ring(writer, at, bytes.len());
        // SAFETY: as for copying in.
        unsafe { place.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) };
    }
}

/// Why memory that a peer has made cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It could be cut off under this process's hands. Only Linux has seals.
    #[cfg(target_os = "linux")]
    NotSealed,
    /// It has not the size that was agreed on.
    Size,
    /// It does not begin as it must.
    Header,
    /// The system says no.
    System(Errno),
}

impl From<Errno> for Unusable {
    fn from(errno: Errno) -> Unusable {
        Unusable::System(errno)
    }
}

impl Unusable {
    /// For people, within a sentence.
    pub fn reason(self) -> String {
        Fault::ShmUnusable.text(&[&match self {
            #[cfg(target_os = "linux")]
            Unusable::NotSealed => "is not sealed, so that it could be cut off".to_owned(),
            Unusable::Size => "has another size than was agreed on".to_owned(),
            Unusable::Header => "does not begin as it must".to_owned(),
            Unusable::System(errno) => format!("cannot be mapped: {}", errno_text(errno)),
        }])
    }
}

#[cfg(target_os = "linux")]
fn new_memory() -> Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, memfd_create};
    memfd_create("samehost", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
}

#[cfg(target_os = "linux")]
fn seal(memory: &OwnedFd) -> Result<()> {
    rustix::fs::fcntl_add_seals(memory, seals())
}

#[cfg(target_os = "linux")]
fn seals() -> rustix::fs::SealFlags {
    use rustix::fs::SealFlags;
    SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL
}

/// Memory that can be cut off would be a SIGBUS in waiting.
#[cfg(target_os = "linux")]
fn check_sealed(memory: impl AsFd) -> std::result::Result<(), Unusable> {
    // What is no memfd has no seals to ask for.
    let found = rustix::fs::fcntl_get_seals(memory).map_err(|_| Unusable::NotSealed)?;
    if found.contains(seals()) { Ok(()) } else { Err(Unusable::NotSealed) }
}

/// Memory with a name for a moment, which is taken away at once. Not tried.
#[cfg(not(target_os = "linux"))]
fn new_memory() -> Result<OwnedFd> {
    use rustix::fs::Mode;
    use rustix::shm::{OFlags, open, unlink};
    use std::sync::atomic::AtomicU32;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("/samehost-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let memory = open(&*name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)?;
    unlink(&*name)?;
    Ok(memory)
}

/// There are no seals: the size of such memory can be set but once.
#[cfg(not(target_os = "linux"))]
fn seal(_memory: &OwnedFd) -> Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn check_sealed(_memory: impl AsFd) -> std::result::Result<(), Unusable> {
    Ok(())
}

const _: () = assert!(HEADER_BYTES.is_multiple_of(128));
