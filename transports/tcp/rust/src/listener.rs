//! The serving side.

use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;
use rustix::net::{bind, getsockname, listen, sockopt};
use samehost_transport_api::{Acceptor, Fault, LinkError, Listener, Peer};
use samehost_transport_posix::{PrivateFd, accept, system_fault};
use samehost_transport_reception::{Arrival, Door, Ends, ReceptionThread, Secure, listen_failed};

use crate::TcpOptions;
use crate::place::Place;
use crate::socket::{new_socket, prepare};

/// How many connections the system holds until they are accepted.
const BACKLOG: i32 = 1024;

/// Listens on one port of one address, with one thread.
pub(crate) struct TcpListener {
    place: Place,
    options: TcpOptions,
    acceptance: Option<Arc<dyn Secure>>,
    state: Mutex<State>,
}

struct State {
    /// With the real port, once it is known.
    address: String,
    reception: Option<ReceptionThread>,
}

impl TcpListener {
    pub fn new(place: Place, options: TcpOptions, acceptance: Option<Arc<dyn Secure>>) -> TcpListener {
        let address = place.address().to_string();
        TcpListener { place, options, acceptance, state: Mutex::new(State { address, reception: None }) }
    }

    fn open(&self) -> Result<(OwnedFd, u16), LinkError> {
        let endpoint = self.place.resolve()?[0];
        let failed = |operation: &'static str| {
            move |errno: Errno| match errno {
                Errno::ADDRINUSE => Fault::ListenInUse.with(&[self.place.address()]),
                Errno::ACCESS => Fault::ListenPortPermission.with(&[self.place.address(), &endpoint.port()]),
                Errno::ADDRNOTAVAIL => {
                    Fault::ListenNotOfThisHost.with(&[self.place.address(), &endpoint.ip()])
                }
                errno => listen_failed(&self.place.address().to_string(), operation, errno),
            }
        };
        let socket = new_socket(&endpoint).map_err(failed("socket"))?;
        // A port is free again at once; two servers cannot share it by this, for both listen.
        sockopt::set_socket_reuseaddr(&socket, true).map_err(failed("setsockopt"))?;
        bind(&socket, &endpoint).map_err(failed("bind"))?;
        listen(&socket, BACKLOG).map_err(failed("listen"))?;
        let bound = getsockname(&socket).and_then(SocketAddr::try_from).map_err(failed("getsockname"))?;
        Ok((socket, bound.port()))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for TcpListener {
    fn start(&self, acceptor: Arc<dyn Acceptor>) -> Result<(), LinkError> {
        let mut state = self.state();
        if state.reception.is_some() {
            return Err(Fault::ListenInUse.with(&[&state.address]));
        }
        let (socket, port) = self.open()?;
        let address = self.place.with_port(port);
        let scheme = self.place.address().scheme().to_owned();
        let door = TcpDoor { scheme, socket: socket.into(), acceptance: self.acceptance.clone() };
        state.reception = Some(ReceptionThread::start(&address, self.options.hello_timeout, door, acceptor)?);
        state.address = address;
        Ok(())
    }

    fn address(&self) -> String {
        self.state().address.clone()
    }

    fn close(&self) {
        let reception = self.state().reception.take();
        if let Some(reception) = reception {
            reception.close();
        }
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        self.close();
    }
}

/// A listening socket. A visitor's address is its own.
struct TcpDoor {
    scheme: String,
    socket: PrivateFd,
    acceptance: Option<Arc<dyn Secure>>,
}

impl Door for TcpDoor {
    fn next(&mut self) -> rustix::io::Result<Arrival> {
        let (socket, peer) = match accept(&self.socket) {
            Ok((socket, Some(peer))) => (socket, SocketAddr::try_from(peer)?),
            // What went wrong on the way to a client is told here, and is not this socket's.
            Ok((_, None))
            | Err(Errno::CONNABORTED | Errno::NETDOWN | Errno::PROTO | Errno::NOPROTOOPT)
            | Err(Errno::HOSTUNREACH | Errno::HOSTDOWN | Errno::OPNOTSUPP | Errno::NETUNREACH) => {
                return Ok(Arrival::Nobody);
            }
            Err(errno) => return Err(errno),
        };
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let address = format!("{}:{peer}", self.scheme);
        if let Err(errno) = prepare(&socket, peer.ip()) {
            let why = system_fault(Fault::LinkFailed, &address, "setsockopt", errno);
            return Ok(Arrival::Refused(why));
        }
        Ok(Arrival::visitor(Ends::Socket(socket), Peer::at(address), None))
    }

    fn secure(&self) -> Option<&dyn Secure> {
        self.acceptance.as_deref()
    }
}

impl AsFd for TcpDoor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
