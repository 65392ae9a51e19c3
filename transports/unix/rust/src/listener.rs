//! The serving side.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{AddressFamily, bind, listen};
use samehost_transport_api::{Acceptor, Address, Fault, LinkError, Listener, Peer};
use samehost_transport_posix::{PrivateFd, accept, peer_credentials, stream_socket, system_fault};
use samehost_transport_reception::{Arrival, Door, Ends, Offers, ReceptionThread, Upgrade};

use crate::UnixOptions;
use crate::claim::{BACKLOG, Claim, listen_failed};
use crate::name::Name;
use crate::users::AllowedUsers;

/// Listens on one socket, with one thread.
pub struct UnixListener {
    address: Address,
    name: Name,
    options: UnixOptions,
    upgrade: Option<Arc<dyn Upgrade>>,
    running: Mutex<Option<Running>>,
}

/// What lives while the listener listens.
struct Running {
    /// The path is given up before the socket is closed.
    claim: Option<Claim>,
    reception: ReceptionThread,
}

impl UnixListener {
    /// A listener at the path that an address has behind its scheme, which may be another transport's.
    pub fn at_path(
        address: &Address,
        options: UnixOptions,
        upgrade: Option<Arc<dyn Upgrade>>,
    ) -> Result<UnixListener, LinkError> {
        Ok(UnixListener::new(address.clone(), Name::path_of(address)?, options, upgrade))
    }

    pub(crate) fn new(
        address: Address,
        name: Name,
        options: UnixOptions,
        upgrade: Option<Arc<dyn Upgrade>>,
    ) -> UnixListener {
        UnixListener { address, name, options, upgrade, running: Mutex::new(None) }
    }

    fn open(&self) -> Result<(Option<Claim>, OwnedFd), LinkError> {
        match &self.name {
            Name::Path(path) => {
                let mode = if AllowedUsers::of(&self.options).are_others() { 0o666 } else { 0o600 };
                let (claim, socket) = Claim::take(&self.address, path, Mode::from_raw_mode(mode))?;
                Ok((Some(claim), socket))
            }
            Name::Abstract(_) => {
                let failed = |operation: &str, errno| match errno {
                    Errno::ADDRINUSE => Fault::ListenInUse.with(&[&self.address]),
                    errno => listen_failed(&self.address, operation, errno),
                };
                let name = self.name.to_system().map_err(|errno| failed("bind", errno))?;
                let socket = stream_socket(AddressFamily::UNIX).map_err(|errno| failed("socket", errno))?;
                bind(&socket, &name).map_err(|errno| failed("bind", errno))?;
                listen(&socket, BACKLOG).map_err(|errno| failed("listen", errno))?;
                Ok((None, socket))
            }
        }
    }
}

impl Listener for UnixListener {
    fn start(&self, acceptor: Arc<dyn Acceptor>) -> Result<(), LinkError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return Err(Fault::ListenInUse.with(&[&self.address]));
        }
        let (claim, socket) = self.open()?;
        let (address, users) = (self.address.to_string(), AllowedUsers::of(&self.options));
        let offers = Offers::Heard(self.upgrade.clone());
        let door = UnixDoor { address: address.clone(), users, socket: socket.into(), offers };
        let reception = ReceptionThread::start(&address, self.options.hello_timeout, door, acceptor)?;
        *running = Some(Running { claim, reception });
        Ok(())
    }

    fn address(&self) -> String {
        self.address.to_string()
    }

    fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { claim, reception }) = running else { return };
        drop(claim);
        reception.close();
    }
}

impl Drop for UnixListener {
    fn drop(&mut self) {
        self.close();
    }
}

/// A listening socket that checks whose a connection is.
struct UnixDoor {
    address: String,
    users: AllowedUsers,
    socket: PrivateFd,
    offers: Offers,
}

impl Door for UnixDoor {
    fn next(&mut self) -> rustix::io::Result<Arrival> {
        let socket = match accept(&self.socket) {
            Err(Errno::CONNABORTED) => return Ok(Arrival::Nobody),
            accepted => accepted?.0,
        };
        let told = match peer_credentials(&socket) {
            Ok(told) => told,
            Err(errno) => {
                let why = system_fault(Fault::LinkFailed, &self.address, "getsockopt", errno);
                return Ok(Arrival::Refused(why));
            }
        };
        let peer = Peer {
            process_id: told.process_id,
            user_id: Some(told.user_id),
            group_id: Some(told.group_id),
            ..Peer::at(self.address.as_str())
        };
        let objection = self.users.objection(&self.address, &told);
        Ok(Arrival::visitor(Ends::Socket(socket), peer, objection))
    }

    fn offers(&self) -> &Offers {
        &self.offers
    }
}

impl AsFd for UnixDoor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
