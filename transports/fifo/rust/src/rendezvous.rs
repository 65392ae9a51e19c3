//! Holding a rendezvous.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode, OFlags, fchmod, flock, fstat, open, unlink};
use rustix::io::Errno;
use samehost_transport_api::{Fault, LinkError};
use samehost_transport_posix::make_fifo;
use samehost_transport_reception::listen_failed;

use crate::place::{Inode, Place, found_at, inode_of, is_own_fifo};

/// How often somebody may take the path away between two steps before that is a failure.
const TRIES: usize = 100;

/// The mode of all FIFOs: the user's alone.
pub(crate) const MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// A rendezvous, held by this process until it is dropped. Whoever holds the lock on the FIFO at the path has it;
/// the lock goes with the process, however that ends, and a FIFO without one is taken over. It removes no file but
/// the one that it has locked.
pub(crate) struct Rendezvous {
    place: Arc<Place>,
    inode: Inode,
}

impl Rendezvous {
    /// Takes a rendezvous, and answers it with the FIFO, which is open for both directions, so that its reader
    /// never meets an end, and locked for as long as it is open.
    pub fn take(place: &Arc<Place>) -> Result<(Rendezvous, OwnedFd), LinkError> {
        let address = &place.address;
        let failed = |operation: &str, errno: Errno| {
            let folder = place.folder().display().to_string();
            match errno {
                // A file system like that of /proc says ENOENT as well where nothing can be made.
                Errno::NOENT | Errno::NOTDIR if !Path::new(&folder).is_dir() => {
                    Fault::ListenNoFolder.with(&[address, &folder])
                }
                Errno::ACCESS => Fault::ListenPermission.with(&[address, &folder]),
                errno => listen_failed(&address.to_string(), operation, errno),
            }
        };
        let not_ours = || Fault::ListenNotAFifo.with(&[address, &place.path.display()]);
        for _ in 0..TRIES {
            match found_at(&place.path).map_err(|errno| failed("lstat", errno))? {
                Some(found) if !is_own_fifo(&found) => return Err(not_ours()),
                Some(_) => {}
                None => match make_fifo(&place.path, MODE.bits() as _) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(failed("mkfifo", errno)),
                },
            }
            let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let fifo = match open(&place.path, flags, Mode::empty()) {
                Ok(fifo) => fifo,
                Err(Errno::NOENT) => continue,
                Err(Errno::LOOP) => return Err(not_ours()),
                Err(errno) => return Err(failed("open", errno)),
            };
            match flock(&fifo, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(Fault::ListenInUse.with(&[address])),
                Err(errno) => return Err(failed("flock", errno)),
            }
            let locked = fstat(&fifo).map_err(|errno| failed("fstat", errno))?;
            if !is_own_fifo(&locked) {
                return Err(not_ours());
            }
            // The one who held it may have removed it between the two steps.
            let found = found_at(&place.path).map_err(|errno| failed("lstat", errno))?;
            if found.is_some_and(|found| inode_of(&found) == inode_of(&locked)) {
                let rendezvous = Rendezvous { place: place.clone(), inode: inode_of(&locked) };
                fchmod(&fifo, MODE).map_err(|errno| failed("fchmod", errno))?;
                return Ok((rendezvous, fifo));
            }
        }
        Err(failed("open", Errno::BUSY))
    }
}

impl Drop for Rendezvous {
    fn drop(&mut self) {
        if let Ok(Some(found)) = found_at(&self.place.path)
            && inode_of(&found) == self.inode
        {
            // There is nobody to tell; the next server takes it over.
            let _ = unlink(&self.place.path);
        }
    }
}
