//! How a connection goes on as another link: in shared memory, with a client that offers to, or made secret.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;
use samehost_transport_api::{Link, LinkError, Peer, Read};

use crate::offer::Offer;

/// Has shared memory for the connections of a listener. It must not wait.
pub trait Upgrade: Send + Sync {
    /// Memory for one connection; an error and the call that gave it where there is none to be had.
    fn prepare(&self, offer: Offer) -> Result<Box<dyn Prepared>, (&'static str, Errno)>;
}

/// What becomes of those who offer to go on in shared memory.
pub enum Offers {
    /// Offers are not heard: such bytes are judged like any others.
    Unheard,
    /// They are answered, and refused where there is nothing to give.
    Heard(Option<Arc<dyn Upgrade>>),
}

/// Memory for one connection, of which the client has not said yet whether it takes it.
pub trait Prepared: Send {
    /// The size of each ring.
    fn ring_bytes(&self) -> u32;

    /// The descriptors for the client.
    fn descriptors(&self) -> [BorrowedFd<'_>; 2];

    /// The client takes it: its connection goes on as this link, which has the socket for itself.
    fn into_link(self: Box<Self>, socket: OwnedFd, peer: Peer) -> Result<Arc<dyn Upgraded>, LinkError>;
}

/// Makes the connections of a listener secret. It must not wait.
pub trait Secure: Send + Sync {
    /// Why a client is turned away whose first byte is this one, as it does not begin what is spoken here.
    fn objection(&self, address: &str, first: u8) -> Option<LinkError>;

    /// The link that a connection goes on as. Its first bytes are judged once it is agreed on.
    fn over(&self, link: Arc<dyn Link>) -> Result<Arc<dyn Upgraded>, LinkError>;
}

/// A link that has taken a connection over, and whose first bytes are still to be judged.
pub trait Upgraded: Link {
    /// Copies the first bytes that are there, and leaves them for whoever reads the link. Later ones
    /// make the bell readable. Once all was said what is there is passed over.
    fn peek(&self, buffer: &mut [u8]) -> Result<Read, LinkError>;

    /// What is polled for more bytes; not the descriptor of an event loop that reads.
    fn bell(&self) -> BorrowedFd<'_>;

    /// Says the last words, as far as there is room. Nothing was said before, so that they fit; one who has gone misses
    /// them.
    fn say_last(&self, words: &[u8]) {
        if !words.is_empty() {
            let _ = self.write(words);
        }
    }
}
