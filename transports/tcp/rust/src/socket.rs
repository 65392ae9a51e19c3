//! TCP sockets.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::{Errno, Result};
use rustix::net::{AddressFamily, getpeername, getsockname, sockopt};
use samehost_transport_posix::stream_socket;

/// How long a peer beyond this host may be silent until it is asked whether it is there, how often it is
/// asked then, and how many times before it is given up.
const KEEP_ALIVE: (Duration, Duration, u32) = (Duration::from_secs(30), Duration::from_secs(10), 3);

/// A new socket for an address, non-blocking.
pub(crate) fn new_socket(address: &SocketAddr) -> Result<OwnedFd> {
    stream_socket(if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 })
}

/// Makes a connection ready for calls: nothing is held back to be sent with more. The end of a process is
/// always told, but that of a host or of a line is not: where the peer is not of this host it is asked for.
pub(crate) fn prepare(socket: impl AsFd, peer: IpAddr) -> Result<()> {
    let socket = socket.as_fd();
    sockopt::set_tcp_nodelay(socket, true)?;
    if !peer.to_canonical().is_loopback() {
        let (idle, interval, count) = KEEP_ALIVE;
        sockopt::set_socket_keepalive(socket, true)?;
        sockopt::set_tcp_keepidle(socket, idle)?;
        sockopt::set_tcp_keepintvl(socket, interval)?;
        sockopt::set_tcp_keepcnt(socket, count)?;
        #[cfg(target_os = "linux")]
        sockopt::set_tcp_user_timeout(socket, (idle + interval * count).as_millis() as u32)?;
    }
    Ok(())
}

/// Whether a connection leads to its own socket. One to a port that nobody listens on, and that the system
/// then chose for this side as well, does.
pub(crate) fn is_to_itself(socket: impl AsFd) -> Result<bool> {
    let socket = socket.as_fd();
    match getpeername(socket) {
        Ok(peer) => Ok(peer == Some(getsockname(socket)?)),
        // It has been ended since, which is told when it is read.
        Err(Errno::NOTCONN) => Ok(false),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use rustix::net::{bind, connect};

    use super::*;

    #[test]
    fn a_connection_to_itself_is_told_from_one_to_a_server() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let alone = new_socket(&any).unwrap();
        bind(&alone, &any).unwrap();
        let own = SocketAddr::try_from(getsockname(&alone).unwrap()).unwrap();
        rustix::io::ioctl_fionbio(&alone, false).unwrap();
        connect(&alone, &own).unwrap();
        assert!(is_to_itself(&alone).unwrap());
        let server = TcpListener::bind(any).unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        assert!(!is_to_itself(&client).unwrap());
    }

    #[test]
    fn a_peer_beyond_this_host_is_asked_whether_it_lives_and_nothing_is_held_back_from_any() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        for (peer, asked) in [("127.0.0.1", false), ("::ffff:127.0.0.1", false), ("10.1.2.3", true)] {
            let socket = new_socket(&any).unwrap();
            prepare(&socket, peer.parse().unwrap()).unwrap();
            assert!(sockopt::tcp_nodelay(&socket).unwrap());
            assert_eq!(sockopt::socket_keepalive(&socket).unwrap(), asked, "{peer}");
        }
    }
}
