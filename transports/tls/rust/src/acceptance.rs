//! Receiving those who speak TLS.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustls::ServerConfig;
use samehost_transport_api::{Fault, Link, LinkError, Read};
use samehost_transport_reception::{Secure, Upgraded};

use crate::{TlsLink, server};

/// What the first record of a client begins with: one of a handshake.
const HANDSHAKE: u8 = 0x16;

/// How a listener receives its clients: by TLS, and no other way.
pub struct Acceptance(Arc<ServerConfig>);

impl Acceptance {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Acceptance {
        Acceptance(config)
    }
}

impl Secure for Acceptance {
    fn objection(&self, address: &str, first: u8) -> Option<LinkError> {
        (first != HANDSHAKE).then(|| Fault::TlsExpected.with(&[&address]))
    }

    fn over(&self, link: Arc<dyn Link>) -> Result<Arc<dyn Upgraded>, LinkError> {
        Ok(Arc::new(server::over(&self.0, link)?))
    }
}

impl Upgraded for TlsLink {
    /// Goes on with the handshake first.
    fn peek(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let (link, mut state) = (self.link(), self.lock());
        if state.is_turned_away() {
            return ignore(link, buffer);
        }
        state.gather(link, buffer.len())?;
        self.settle(&state);
        let count = state.first.len().min(buffer.len());
        buffer[..count].copy_from_slice(&state.first[..count]);
        match &state.failure {
            _ if count > 0 => Ok(Read::Bytes(count)),
            Some(failure) => Err(failure.clone()),
            None if state.is_over() => Ok(Read::End),
            None => Ok(Read::Empty),
        }
    }

    fn bell(&self) -> BorrowedFd<'_> {
        self.link().descriptors().read
    }

    fn say_last(&self, words: &[u8]) {
        if !words.is_empty() {
            // Of one who has gone there is nobody to hear it.
            let _ = self.write(words);
        }
        let mut state = self.lock();
        state.say_end(self.link());
        state.turn_away();
    }
}

/// Reads what is still said, up to the end: a socket that is closed with bytes unread may take the last words with it.
fn ignore(link: &dyn Link, buffer: &mut [u8]) -> Result<Read, LinkError> {
    loop {
        match link.read(buffer)? {
            Read::Bytes(_) => {}
            over => return Ok(over),
        }
    }
}
