//! The serving side.

use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{bind, listen};
use samehost_transport_api::{Acceptor, Address, Fault, LinkError, Listener};
use samehost_transport_posix::Wake;

use crate::UnixOptions;
use crate::claim::{BACKLOG, Claim, listen_failed, new_socket};
use crate::name::Name;
use crate::reception::Reception;
use crate::users::AllowedUsers;

/// How long closing waits for the thread, which an acceptor might keep.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Listens on one socket with one thread, which is a [`Reception`].
pub(crate) struct UnixListener {
    address: Address,
    name: Name,
    options: UnixOptions,
    running: Mutex<Option<Running>>,
}

/// What lives while the listener listens.
struct Running {
    wake: Arc<Wake>,
    /// Disconnected when the thread has closed its sockets.
    over: Receiver<()>,
    thread: thread::ThreadId,
    /// The path is given up before the socket is closed.
    claim: Option<Claim>,
}

impl UnixListener {
    pub fn new(address: Address, name: Name, options: UnixOptions) -> UnixListener {
        UnixListener { address, name, options, running: Mutex::new(None) }
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
                let socket = new_socket().map_err(|errno| failed("socket", errno))?;
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
        let wake = Wake::new().map_err(|errno| listen_failed(&self.address, "eventfd", errno))?;
        let wake = Arc::new(wake);
        let (claim, socket) = self.open()?;
        let reception =
            Reception::new(self.address.to_string(), &self.options, socket, wake.clone(), acceptor);
        let (ending, over) = channel();
        let thread = thread::Builder::new()
            .name("samehost-unix-accept".to_owned())
            .spawn(move || {
                reception.run();
                drop::<std::sync::mpsc::Sender<()>>(ending);
            })
            .map_err(|error| {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::AGAIN);
                listen_failed(&self.address, "starting a thread", errno)
            })?;
        *running = Some(Running { wake, over, thread: thread.thread().id(), claim });
        Ok(())
    }

    fn address(&self) -> String {
        self.address.to_string()
    }

    fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return };
        drop(running.claim);
        running.wake.ring();
        if running.thread != thread::current().id() {
            // Either way it ends: by the thread's end, or later by itself.
            let _ = running.over.recv_timeout(CLOSE_PATIENCE);
        }
    }
}

impl Drop for UnixListener {
    fn drop(&mut self) {
        self.close();
    }
}
