//! What every transport implements.

use std::sync::Arc;
use std::time::Duration;

use crate::{Address, Fault, Link, LinkError, Options};

/// A way for two processes to reach each other, found by the scheme of an address in a
/// [`Registry`](crate::Registry).
pub trait Transport: Send + Sync {
    /// The scheme that this transport serves: `unix` for `unix:/run/app.sock`.
    fn scheme(&self) -> &'static str;

    /// The largest message that a side takes unless it is told otherwise, in bytes; 0 for the wire's default.
    fn max_message_bytes(&self) -> u32 {
        0
    }

    /// Whether credentials for TLS, in the options, are heeded.
    fn takes_tls(&self) -> bool {
        false
    }

    /// The calling side of an address. Checks the address; touches nothing else yet.
    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError>;

    /// The serving side of an address. Checks the address; touches nothing else yet.
    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError>;
}

/// Makes links to one address, one after the other: a channel reconnects by asking again.
pub trait Connector: Send + Sync {
    /// Makes a new link, waiting for at most `timeout` and until [`close`](Connector::close).
    /// Called by one thread at a time. Nothing is left behind after a failure.
    fn connect(&self, timeout: Duration) -> Result<Arc<dyn Link>, LinkError>;

    /// How long a peer behind a new link may take to say HELLO.
    fn hello_timeout(&self) -> Duration;

    /// How many bytes before the peer's preface are skipped as noise; 0 where noise is an error.
    fn noise_limit(&self) -> usize {
        0
    }

    /// Ends a [`connect`](Connector::connect) in progress. Links that were made live on. May be repeated.
    fn close(&self);
}

/// Takes the links that others make to one address. Dropping it closes it.
pub trait Listener: Send + Sync {
    /// Begins to listen on threads of its own, and returns when a client can connect. Nothing is
    /// left behind after a failure.
    fn start(&self, acceptor: Arc<dyn Acceptor>) -> Result<(), LinkError>;

    /// The address that a client can use; it is complete once [`start`](Listener::start) has returned.
    fn address(&self) -> String;

    /// Stops taking links and removes what `start` made and nothing else. Links that were accepted
    /// live on. May be repeated, and called without a start.
    fn close(&self);
}

/// Takes what a listener accepts. Called by the listener's threads; must not wait.
pub trait Acceptor: Send + Sync {
    /// Judges the first bytes of a new connection, where the transport lets strangers connect.
    /// They are not consumed.
    fn judge(&self, bytes: &[u8]) -> FirstBytes;

    /// What a connection suffers from whose first bytes, all that came, are these: they were judged
    /// [`FirstBytes::No`], or the connection or the time ended with [`FirstBytes::More`]. There is
    /// at least one. Who knows the protocols that strangers may speak can name them here.
    fn fault_of(&self, address: &str, bytes: &[u8]) -> LinkError {
        Fault::PeerNonsense.with(&[&address, &shown(bytes)])
    }

    /// A link whose first bytes, all that came so far, were judged [`FirstBytes::Yes`]; reading it gives them again.
    /// There are none where nothing is judged.
    fn accepted(&self, link: Arc<dyn Link>, first: &[u8]);

    /// A connection that was turned away: another user's, one whose first bytes were judged
    /// [`FirstBytes::No`] or did not come in time. It is closed already; this is for the log.
    fn refused(&self, why: LinkError);

    /// What to send to a peer that is turned away, before it is closed; may be empty.
    fn farewell(&self, why: &LinkError) -> Vec<u8>;

    /// The listener can take no more links for good, and not by its `close`. One that has but one
    /// link to give says so when that link is over.
    fn ended(&self, why: LinkError);
}

/// The three answers to the question whether bytes begin the wire that an acceptor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstBytes {
    /// They do.
    Yes,
    /// They do not, whatever follows.
    No,
    /// More bytes are needed.
    More,
}

/// Bytes for people, at most 8 of them: `"220 mail" (32 32 30 20 6D 61 69 6C)`.
pub fn shown(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(8)];
    let printed = |&byte: &u8| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' };
    let text: String = bytes.iter().map(printed).collect();
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("\"{text}\" ({})", hex.join(" "))
}
