//! Who is at the other end of a Unix socket.

use std::os::fd::{AsFd, AsRawFd};

use rustix::io::{Errno, Result};

/// The process at the other end of a Unix socket when it connected (or listened), as the system
/// vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its process id; `None` where it has none in this process's pid namespace.
    pub process_id: Option<u32>,
    /// Its effective user id.
    pub user_id: u32,
    /// Its effective group id.
    pub group_id: u32,
}

/// Asks the system who is at the other end of a Unix socket.
#[cfg(target_os = "linux")]
pub fn peer_credentials(socket: impl AsFd) -> Result<Credentials> {
    // Not by rustix, whose process ids cannot be 0: that is the id of a foreign namespace's process.
    let mut told = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the system writes at most `size` bytes to `told`, which is of plain integers.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut told).cast(),
            &mut size,
        )
    };
    if result != 0 {
        return Err(last_error());
    }
    let process_id = u32::try_from(told.pid).ok().filter(|&pid| pid != 0);
    Ok(Credentials { process_id, user_id: told.uid, group_id: told.gid })
}

/// Asks the system who is at the other end of a Unix socket.
#[cfg(not(target_os = "linux"))]
pub fn peer_credentials(socket: impl AsFd) -> Result<Credentials> {
    let (mut user_id, mut group_id) = (0, 0);
    // SAFETY: both places are of this frame.
    let result = unsafe { libc::getpeereid(socket.as_fd().as_raw_fd(), &mut user_id, &mut group_id) };
    if result != 0 {
        return Err(last_error());
    }
    Ok(Credentials { process_id: None, user_id, group_id })
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
