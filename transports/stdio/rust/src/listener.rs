//! The child's side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use samehost_transport_api::{Acceptor, Fault, Link, LinkError, Listener, Peer};
use samehost_transport_posix::{FdLink, Wake};

use crate::StdioOptions;
use crate::host_link::HostLink;
use crate::standard::{Standard, failed};
use crate::watchman::{Signs, Watchman};

const ADDRESS: &str = "stdio:";

/// Whether a listener of this process has the standard streams.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes the one link that a child has, to its host: the standard input and output, which nobody
/// else of this process uses from then on.
pub(crate) struct StdioListener {
    options: StdioOptions,
    signs: Mutex<Option<Arc<Signs>>>,
}

impl StdioListener {
    pub fn new(options: StdioOptions) -> StdioListener {
        StdioListener { options, signs: Mutex::new(None) }
    }

    fn take(&self, acceptor: Arc<dyn Acceptor>) -> Result<Arc<Signs>, LinkError> {
        let standard = Standard::duplicated()?;
        let duplicate = |fd| fcntl_dupfd_cloexec(fd, 3).map_err(|errno| failed("dup", errno));
        let (input, output) = (duplicate(&standard.input)?, duplicate(&standard.output)?);
        let link = FdLink::over_inherited(input, output, Peer::at(ADDRESS))
            .map_err(|errno| failed("opening the standard streams", errno))?;
        let signs = Arc::new(Signs::new(Wake::new().map_err(|errno| failed("eventfd", errno))?));
        let link: Arc<dyn Link> = Arc::new(HostLink::new(link, signs.clone()));
        let watched = duplicate(&standard.input)?;
        let grace = self.options.exit_with_host.then_some(self.options.exit_grace);
        let watchman = Watchman::new(watched, signs.clone(), acceptor, grace);
        // The thread waits for the link: should the streams not be had, it ends without one.
        let (hand_over, handed) = channel();
        thread::Builder::new()
            .name("samehost-host-watch".to_owned())
            .spawn(move || {
                if let Ok(link) = handed.recv() {
                    watchman.run(link);
                }
            })
            .map_err(|error| {
                failed("starting a thread", Errno::from_io_error(&error).unwrap_or(Errno::AGAIN))
            })?;
        standard.replace()?;
        hand_over.send(link).unwrap_or_else(|_| unreachable!("the thread waits for it"));
        Ok(signs)
    }
}

impl Listener for StdioListener {
    fn start(&self, acceptor: Arc<dyn Acceptor>) -> Result<(), LinkError> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            return Err(Fault::StdioTaken.with(&[]));
        }
        match self.take(acceptor) {
            Ok(signs) => {
                *self.signs.lock().unwrap_or_else(PoisonError::into_inner) = Some(signs);
                Ok(())
            }
            Err(why) => {
                TAKEN.store(false, Ordering::Release);
                Err(why)
            }
        }
    }

    fn address(&self) -> String {
        ADDRESS.to_owned()
    }

    fn close(&self) {
        if let Some(signs) = &*self.signs.lock().unwrap_or_else(PoisonError::into_inner) {
            signs.listener_was_closed();
        }
    }
}

impl Drop for StdioListener {
    fn drop(&mut self) {
        self.close();
    }
}
