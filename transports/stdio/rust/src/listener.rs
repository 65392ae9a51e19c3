//! The child's side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
        let Streams { link, signs } = match reserved().take() {
            Some(streams) => streams,
            None => Streams::taken(&self.options)?,
        };
        signs.listens(acceptor, link);
        Ok(signs)
    }
}

/// The standard streams as a link, watched over from now on.
struct Streams {
    link: Arc<dyn Link>,
    signs: Arc<Signs>,
}

impl Streams {
    fn taken(options: &StdioOptions) -> Result<Streams, LinkError> {
        let standard = Standard::duplicated()?;
        let duplicate = |fd| fcntl_dupfd_cloexec(fd, 3).map_err(|errno| failed("dup", errno));
        let (input, output) = (duplicate(&standard.input)?, duplicate(&standard.output)?);
        let link = FdLink::over_inherited(input, output, Peer::at(ADDRESS))
            .map_err(|errno| failed("opening the standard streams", errno))?;
        let signs = Arc::new(Signs::new(Wake::new().map_err(|errno| failed("eventfd", errno))?));
        let link: Arc<dyn Link> = Arc::new(HostLink::new(link, signs.clone()));
        let watched = duplicate(&standard.input)?;
        let grace = options.exit_with_host.then_some(options.exit_grace);
        let watchman = Watchman::new(watched, signs.clone(), grace);
        // The thread waits for a word: should the streams not be had, it ends without one.
        let (begin, begun) = channel();
        thread::Builder::new()
            .name("samehost-host-watch".to_owned())
            .spawn(move || {
                if begun.recv().is_ok() {
                    watchman.run();
                }
            })
            .map_err(|error| {
                failed("starting a thread", Errno::from_io_error(&error).unwrap_or(Errno::AGAIN))
            })?;
        standard.replace()?;
        begin.send(()).unwrap_or_else(|_| unreachable!("the thread waits for it"));
        Ok(Streams { link, signs })
    }
}

/// Streams that were taken for a listener that starts later.
fn reserved() -> MutexGuard<'static, Option<Streams>> {
    static RESERVED: Mutex<Option<Streams>> = Mutex::new(None);
    RESERVED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Moves the standard input and output to private descriptors at once, for a server on `stdio:` that starts
/// later: whatever is printed meanwhile goes to standard error. From now on the options' end with the host
/// holds as well, those of the server's own notwithstanding. Does nothing where it was done.
///
/// # Errors
/// Where one of the streams is a terminal, or the system refuses.
pub fn take_standard_streams(options: &StdioOptions) -> Result<(), LinkError> {
    let mut reserved = reserved();
    if reserved.is_none() && !TAKEN.load(Ordering::Acquire) {
        *reserved = Some(Streams::taken(options)?);
    }
    Ok(())
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
