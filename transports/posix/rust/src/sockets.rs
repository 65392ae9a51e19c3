//! What systems do to sockets in ways of their own.

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Result;
use rustix::net::{AddressFamily, SendFlags, SocketAddrAny, SocketFlags, SocketType};

/// A new stream socket: not for programs that this one starts, and non-blocking.
#[cfg(target_os = "linux")]
pub fn stream_socket(family: AddressFamily) -> Result<OwnedFd> {
    rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}

/// A new stream socket: not for programs that this one starts, and non-blocking.
#[cfg(not(target_os = "linux"))]
pub fn stream_socket(family: AddressFamily) -> Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    keep(&socket)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// The next connection of a listening socket, and whose it is; not for programs that this one starts.
#[cfg(target_os = "linux")]
pub fn accept(listening: impl AsFd) -> Result<(OwnedFd, Option<SocketAddrAny>)> {
    rustix::net::acceptfrom_with(listening, SocketFlags::CLOEXEC)
}

/// The next connection of a listening socket, and whose it is; not for programs that this one starts.
#[cfg(not(target_os = "linux"))]
pub fn accept(listening: impl AsFd) -> Result<(OwnedFd, Option<SocketAddrAny>)> {
    let (socket, peer) = rustix::net::acceptfrom(listening)?;
    keep(&socket)?;
    Ok((socket, peer))
}

/// Two Unix sockets that are connected; not for programs that this one starts.
#[cfg(target_os = "linux")]
pub fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
}

/// Two Unix sockets that are connected; not for programs that this one starts.
#[cfg(not(target_os = "linux"))]
pub fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    let (one, other) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)?;
    keep(&one)?;
    keep(&other)?;
    Ok((one, other))
}

/// The flags of a send that neither waits nor raises SIGPIPE. Where no flag says the latter, the signal is ignored.
#[inline]
pub fn quiet() -> SendFlags {
    #[cfg(target_os = "linux")]
    return SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    #[cfg(not(target_os = "linux"))]
    {
        crate::ignore_sigpipe();
        SendFlags::DONTWAIT
    }
}

/// Keeps a socket from programs that this one starts, where it could not be made so. One that is started by another
/// thread at this moment has it.
#[cfg(not(target_os = "linux"))]
fn keep(socket: &OwnedFd) -> Result<()> {
    rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)
}
