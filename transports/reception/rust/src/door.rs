//! Where strangers come in.

use std::any::Any;
use std::os::fd::AsFd;

use rustix::io::Errno;
use samehost_transport_api::{LinkError, Peer};

use crate::{Ends, Offers, Secure};

/// Where strangers come in: a listening socket, a rendezvous. It lets them in one by one, and never
/// waits; it does not hear what they say. Its descriptor is readable when somebody may have come.
pub trait Door: AsFd + Send {
    /// The next one who has come; `EAGAIN` when there is nobody. `EMFILE`, `ENFILE`, `ENOBUFS` and `ENOMEM` are
    /// shortages, which pass; any other error is the end of the door.
    fn next(&mut self) -> rustix::io::Result<Arrival>;

    /// What becomes of those who offer to go on in shared memory.
    fn offers(&self) -> &Offers {
        &Offers::Unheard
    }

    /// Makes every connection secret, where that is wanted.
    fn secure(&self) -> Option<&dyn Secure> {
        None
    }
}

/// One who has come.
pub enum Arrival {
    /// One whose first bytes are awaited.
    Visitor {
        /// What it is heard and told through.
        ends: Ends,
        /// Who it is.
        peer: Peer,
        /// Dropped when it is decided what becomes of it.
        keep: Box<dyn Any + Send>,
        /// Why it is turned away, if it is, whatever it may say.
        objection: Option<LinkError>,
    },
    /// One who is turned away without a word.
    Refused(LinkError),
    /// Somebody was there and wanted nothing, or nothing that concerns the acceptor.
    Nobody,
}

impl Arrival {
    /// One that is heard, unless there is an objection.
    pub fn visitor(ends: Ends, peer: Peer, objection: Option<LinkError>) -> Arrival {
        Arrival::Visitor { ends, peer, keep: Box::new(()), objection }
    }
}

/// Whether an error of a door passes by itself: others free what it lacks.
pub(crate) fn is_shortage(errno: Errno) -> bool {
    matches!(errno, Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
}
