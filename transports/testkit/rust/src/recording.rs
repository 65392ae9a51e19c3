//! An acceptor that remembers.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use samehost_transport_api::{Acceptor, FirstBytes, Link, LinkError};

/// How long a test waits for what must come; generous, as the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An acceptor that remembers what it was told, for tests. It takes connections whose first bytes
/// are given ones.
pub struct RecordingAcceptor {
    first_bytes: Vec<u8>,
    links: Told<(Arc<dyn Link>, Vec<u8>)>,
    refusals: Told<LinkError>,
    ends: Told<LinkError>,
}

struct Told<T> {
    tell: Sender<T>,
    told: Mutex<Receiver<T>>,
}

impl<T> Told<T> {
    fn new() -> Told<T> {
        let (tell, told) = channel();
        Told { tell, told: Mutex::new(told) }
    }

    fn tell(&self, what: T) {
        // It cannot fail: the receiver lives as long as the sender.
        let _ = self.tell.send(what);
    }

    fn next(&self, what: &str) -> T {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what} in {PATIENCE:?}"))
    }
}

impl RecordingAcceptor {
    /// An acceptor of connections whose first bytes are these.
    pub fn new(first_bytes: &[u8]) -> Arc<RecordingAcceptor> {
        Arc::new(RecordingAcceptor {
            first_bytes: first_bytes.to_vec(),
            links: Told::new(),
            refusals: Told::new(),
            ends: Told::new(),
        })
    }

    /// The next link that was accepted.
    ///
    /// # Panics
    /// When none comes for long, or with other first bytes than it was judged by.
    pub fn next_link(&self) -> Arc<dyn Link> {
        let (link, first) = self.links.next("no link");
        assert!(first.is_empty() || first.starts_with(&self.first_bytes), "{first:?}");
        link
    }

    /// The next refusal.
    ///
    /// # Panics
    /// When none comes for long.
    pub fn next_refusal(&self) -> LinkError {
        self.refusals.next("no refusal")
    }

    /// The end of the listener, by itself.
    ///
    /// # Panics
    /// When it does not come for long.
    pub fn next_end(&self) -> LinkError {
        self.ends.next("no end")
    }
}

impl Acceptor for RecordingAcceptor {
    fn judge(&self, bytes: &[u8]) -> FirstBytes {
        if bytes.starts_with(&self.first_bytes) {
            FirstBytes::Yes
        } else if self.first_bytes.starts_with(bytes) {
            FirstBytes::More
        } else {
            FirstBytes::No
        }
    }

    fn accepted(&self, link: Arc<dyn Link>, first: &[u8]) {
        self.links.tell((link, first.to_vec()));
    }

    fn refused(&self, why: LinkError) {
        self.refusals.tell(why);
    }

    fn farewell(&self, why: &LinkError) -> Vec<u8> {
        format!("farewell: {:?}", why.fault()).into_bytes()
    }

    fn ended(&self, why: LinkError) {
        self.ends.tell(why);
    }
}
