//! The listener's thread, seen from outside.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use samehost_transport_api::{Acceptor, Fault, LinkError};
use samehost_transport_posix::{Wake, system_fault};

use crate::Door;
use crate::reception::Reception;

/// How long closing waits for the thread, which an acceptor might keep.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// A thread that receives whoever comes to a door: it hears their first bytes and hands them to the
/// acceptor, until it is closed. Links that were accepted live on.
pub struct ReceptionThread {
    wake: Arc<Wake>,
    /// Disconnected when the thread has closed its descriptors.
    over: Receiver<()>,
    thread: thread::ThreadId,
}

impl ReceptionThread {
    /// Begins to receive, at an address, for the texts of faults. Who says nothing for `patience` is turned away.
    pub fn start(
        address: &str,
        patience: Duration,
        door: impl Door + 'static,
        acceptor: Arc<dyn Acceptor>,
    ) -> Result<ReceptionThread, LinkError> {
        let wake = Wake::new().map_err(|errno| listen_failed(address, "eventfd", errno))?;
        let wake = Arc::new(wake);
        let reception = Reception::new(address.to_owned(), patience, Box::new(door), wake.clone(), acceptor);
        let (ending, over) = channel();
        let thread = thread::Builder::new()
            .name("samehost-accept".to_owned())
            .spawn(move || {
                reception.run();
                drop::<Sender<()>>(ending);
            })
            .map_err(|error| {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::AGAIN);
                listen_failed(address, "starting a thread", errno)
            })?;
        Ok(ReceptionThread { wake, over, thread: thread.thread().id() })
    }

    /// Ends the thread and hangs up on those who were not accepted. A thread that an acceptor keeps is waited
    /// for only so long, and ends by itself.
    pub fn close(self) {
        self.wake.ring();
        if self.thread != thread::current().id() {
            let _ = self.over.recv_timeout(CLOSE_PATIENCE);
        }
    }
}

/// The fault of a listener for whom a call of the system failed.
pub fn listen_failed(address: &str, operation: &str, errno: Errno) -> LinkError {
    system_fault(Fault::ListenFailed, &address, operation, errno)
}
