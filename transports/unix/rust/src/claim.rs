//! Taking a socket's path.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{FileType, FlockOperation, Mode, OFlags, Stat, chmod, flock, lstat, open, rename, unlink};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, bind, connect, listen};
use samehost_transport_api::{Address, Fault, LinkError};
use samehost_transport_posix::{PrivateFd, stream_socket, system_fault};

use crate::name::{LIMIT, folder_of};

/// How many connections the system holds until they are accepted.
pub(crate) const BACKLOG: i32 = 1024;

/// A socket's path, held by this process until the claim is dropped, and the lock that makes the
/// holder the only one. It removes no file but the socket that it has made itself.
///
/// The steps, each of which leaves nothing behind when it fails:
///
/// 1. `PATH.lock` is locked for life. It is never removed: one who has it open could lock a file
///    that is gone while another makes it anew.
/// 2. What stands at the path is looked at. No socket: it is left alone. A socket where a connection
///    is taken or queued is a live server's. One that refuses is stale.
/// 3. The socket is bound to a name of its own beside the path, gets its mode, listens, and is then
///    renamed: whoever finds it at the path can connect, and nobody else ever could.
pub(crate) struct Claim {
    path: PathBuf,
    /// The socket as it was made, for its device and its inode.
    made: Stat,
    _lock: PrivateFd,
}

impl Claim {
    /// Claims a path, and answers it with the listening socket, which is non-blocking.
    pub fn take(address: &Address, path: &Path, mode: Mode) -> Result<(Claim, OwnedFd), LinkError> {
        // The folder that this process is in may change; the socket's does not.
        let path = std::path::absolute(path).map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            listen_failed(address, "getcwd", errno)
        })?;
        let failed = |operation: &str, errno: Errno| {
            let folder = folder_of(&path).display().to_string();
            match errno {
                // A file system like that of /proc says ENOENT as well where nothing can be made.
                Errno::NOENT | Errno::NOTDIR if !Path::new(&folder).is_dir() => {
                    Fault::ListenNoFolder.with(&[address, &folder])
                }
                Errno::ACCESS => Fault::ListenPermission.with(&[address, &folder]),
                errno => listen_failed(address, operation, errno),
            }
        };
        let lock = open(
            with_suffix(&path, ".lock"),
            OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW,
            Mode::RUSR | Mode::WUSR,
        )
        .map_err(|errno| failed("open of the lock", errno))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(Fault::ListenInUse.with(&[address])),
            Err(errno) => return Err(failed("flock", errno)),
        }
        check_free(address, &path)?;

        let own_name = OwnName::beside(&path).map_err(|errno| failed("open of the folder", errno))?;
        let own = &own_name.path;
        let socket = stream_socket(AddressFamily::UNIX).map_err(|errno| failed("socket", errno))?;
        let name = SocketAddrUnix::new(own).map_err(|errno| failed("bind", errno))?;
        // A process of the same id that was killed half-way may have left the name.
        match unlink(own) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("unlink", errno)),
        }
        bind(&socket, &name).map_err(|errno| failed("bind", errno))?;
        let published = chmod(own, mode)
            .map_err(|errno| failed("chmod", errno))
            .and_then(|()| listen(&socket, BACKLOG).map_err(|errno| failed("listen", errno)))
            .and_then(|()| lstat(own).map_err(|errno| failed("lstat", errno)))
            .and_then(|made| {
                rename(own, &path).map_err(|errno| failed("rename", errno))?;
                Ok(made)
            });
        match published {
            Ok(made) => Ok((Claim { path, made, _lock: lock.into() }, socket)),
            Err(why) => {
                // It was made by this very call. Should this fail too, `why` says more.
                let _ = unlink(own);
                Err(why)
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Ok(found) = lstat(&self.path) else { return };
        if (found.st_dev, found.st_ino) == (self.made.st_dev, self.made.st_ino) {
            // There is nobody to tell; the next server takes a stale socket over.
            let _ = unlink(&self.path);
        }
    }
}

/// Refuses a path where something stands that is not a stale socket.
fn check_free(address: &Address, path: &Path) -> Result<(), LinkError> {
    let found = match lstat(path) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(listen_failed(address, "lstat", errno)),
    };
    if FileType::from_raw_mode(found.st_mode as _) != FileType::Socket {
        return Err(Fault::ListenNotASocket.with(&[address, &path.display()]));
    }
    let probe =
        stream_socket(AddressFamily::UNIX).map_err(|errno| listen_failed(address, "socket", errno))?;
    let name = SocketAddrUnix::new(address.rest()).map_err(|errno| listen_failed(address, "probe", errno))?;
    match connect(&probe, &name) {
        // Nobody listens, or it has just gone.
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(()),
        // EAGAIN: its backlog is full. EPROTOTYPE: it takes another kind of connection.
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS | Errno::INTR | Errno::PROTOTYPE) => {
            Err(Fault::ListenInUse.with(&[address]))
        }
        Err(errno) => Err(listen_failed(address, "probe", errno)),
    }
}

pub(crate) fn listen_failed(address: &Address, operation: &str, errno: Errno) -> LinkError {
    system_fault(Fault::ListenFailed, address, operation, errno)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// A name that no other claim has, in the folder of a path.
struct OwnName {
    path: PathBuf,
    /// What a path through a descriptor goes through.
    _folder: Option<OwnedFd>,
}

impl OwnName {
    fn beside(path: &Path) -> rustix::io::Result<OwnName> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".samehost-{}-{number}", std::process::id());
        let direct = folder_of(path).join(&name);
        if direct.as_os_str().len() <= LIMIT {
            return Ok(OwnName { path: direct, _folder: None });
        }
        OwnName::through_folder(folder_of(path), &name)
    }

    /// The path itself fits in a socket's address, but not with the longer name.
    #[cfg(target_os = "linux")]
    fn through_folder(folder: &Path, name: &str) -> rustix::io::Result<OwnName> {
        use std::os::fd::AsRawFd;
        let folder = open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()));
        Ok(OwnName { path, _folder: Some(folder) })
    }

    #[cfg(not(target_os = "linux"))]
    fn through_folder(_folder: &Path, _name: &str) -> rustix::io::Result<OwnName> {
        Err(Errno::NAMETOOLONG)
    }
}
