//! A link that is secret.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use samehost_transport_api::{Descriptors, Interest, Link, LinkError, Peer, PeerCertificates, Read, end_of};

use crate::faults::Failure;
use crate::session::{MOST_TEXT, Session};

/// As much as one record has, with room for its head and its seal.
const INCOMING_BYTES: usize = MOST_TEXT + 512;

/// A [`Link`] over another one, whose bytes nobody on the way can read or change. Whoever reads it takes records off the
/// other link and opens them, whoever writes it seals and sends; no thread is added, and the two take turns.
///
/// ```text
///                  greet, peek                close_notify, the other link's end
///   GREETING ------------------------> OPEN -----------------------------------> END
///       |                               |
///       | a certificate, an alert, ...  | an alert, a forged record
///       v                               v
///   FAILED <----------------------------/    every read and write says why
/// ```
pub struct TlsLink {
    link: Arc<dyn Link>,
    state: Mutex<State>,
    /// Once it is known who that is.
    peer: OnceLock<Peer>,
}

pub(crate) struct State {
    session: Session,
    incoming: Box<[u8]>,
    /// Which of these were not yet opened.
    unopened: std::ops::Range<usize>,
    /// Text that was opened, and is read first.
    pub(crate) first: Vec<u8>,
    /// How much of the text that a write has sealed does not yet count as taken.
    owed: usize,
    ended: bool,
    turned_away: bool,
    pub(crate) failure: Option<LinkError>,
}

/// How far a handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeted {
    /// The link can be used.
    Done,
    /// It goes on when the other link can be read or written.
    Waits(Interest),
}

impl TlsLink {
    pub(crate) fn over(link: Arc<dyn Link>, session: Session) -> TlsLink {
        let state = State {
            session,
            incoming: vec![0; INCOMING_BYTES].into(),
            unopened: 0..0,
            first: Vec::new(),
            owed: 0,
            ended: false,
            turned_away: false,
            failure: None,
        };
        TlsLink { link, state: Mutex::new(state), peer: OnceLock::new() }
    }

    /// Goes on with the handshake, without waiting. Nothing is read or written before it is done.
    ///
    /// # Errors
    /// Why there will be no link.
    pub fn greet(&self) -> Result<Greeted, LinkError> {
        let (link, mut state) = (&*self.link, self.lock());
        // A peer that takes nothing any more has said why.
        let sent = state.send(link);
        state.take_in(link)?;
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        sent?;
        let waits = Interest { read: state.session.is_handshaking(), write: !state.send(link)? };
        if waits == Interest::NONE {
            self.settle(&state);
            return Ok(Greeted::Done);
        }
        Ok(Greeted::Waits(waits))
    }

    /// Remembers who the peer is, once the handshake is over.
    pub(crate) fn settle(&self, state: &State) {
        if state.session.is_handshaking() {
            return;
        }
        self.peer.get_or_init(|| {
            let shown = state.session.certificates().unwrap_or_default();
            let certificates = shown.iter().map(|one| one.to_vec());
            Peer { tls: true, certificates: PeerCertificates::of(certificates), ..self.link.peer().clone() }
        });
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn link(&self) -> &dyn Link {
        &*self.link
    }
}

impl State {
    /// Opens what has come until there is something to tell: text, the end, a failure. Answers whether there is.
    pub(crate) fn take_in(&mut self, link: &dyn Link) -> Result<bool, LinkError> {
        loop {
            if self.ended || self.failure.is_some() || self.session.has_text() {
                return Ok(true);
            }
            if self.unopened.is_empty() {
                match link.read(&mut self.incoming)? {
                    Read::Bytes(count) => self.unopened = 0..count,
                    Read::Empty => return Ok(false),
                    Read::End if self.session.is_handshaking() && self.session.is_client() => {
                        self.failure = Some(Failure::HungUp.at(&link.peer().address));
                    }
                    Read::End => self.ended = true,
                }
                continue;
            }
            let mut rest = &self.incoming[self.unopened.clone()];
            let received = self.session.receive(&mut rest);
            self.unopened.start = self.unopened.end - rest.len();
            // An answer of the handshake, an alert. One who takes nothing any more may have said why.
            let _ = self.send(link);
            match received {
                Ok(()) => self.ended = self.session.peer_has_ended(),
                Err(failure) => self.failure = Some(failure.at(&link.peer().address)),
            }
        }
    }

    /// Moves text to what is read first, until there is so much of it, or none is left.
    pub(crate) fn gather(&mut self, link: &dyn Link, most: usize) -> Result<(), LinkError> {
        let mut piece = [0; 512];
        while self.first.len() < most {
            self.take_in(link)?;
            let count = self.session.read(&mut piece);
            if count == 0 {
                break;
            }
            self.first.extend_from_slice(&piece[..count]);
        }
        Ok(())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.ended
    }

    /// From now on what is said is not heard.
    pub(crate) fn turn_away(&mut self) {
        self.turned_away = true;
    }

    pub(crate) fn is_turned_away(&self) -> bool {
        self.turned_away
    }

    /// Sends what is to be sent; answers whether all was taken.
    fn send(&mut self, link: &dyn Link) -> Result<bool, LinkError> {
        let mut failure = None;
        let sent = self.session.send(|bytes| match link.write(bytes) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            Ok(count) => Ok(count),
            Err(error) => {
                failure = Some(error);
                Err(io::ErrorKind::BrokenPipe.into())
            }
        });
        failure.map_or(Ok(sent.is_ok()), Err)
    }

    fn read(&mut self, link: &dyn Link, buffer: &mut [u8]) -> Result<Read, LinkError> {
        if !self.first.is_empty() {
            let count = self.first.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.first[..count]);
            self.first.drain(..count);
            return Ok(Read::Bytes(count));
        }
        self.take_in(link)?;
        match self.session.read(buffer) {
            0 => {}
            count => return Ok(Read::Bytes(count)),
        }
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None if self.ended => Ok(Read::End),
            None => Ok(Read::Empty),
        }
    }

    /// A text counts as taken once the whole record was: what is given again is then passed over. So there is never
    /// anything inside that only a later write would send.
    fn write(&mut self, link: &dyn Link, bytes: &[u8]) -> Result<usize, LinkError> {
        let mut taken = 0;
        loop {
            if let Some(failure) = &self.failure {
                return Err(failure.clone());
            }
            if !self.send(link)? {
                return Ok(taken);
            }
            let given_again = self.owed.min(bytes.len() - taken);
            self.owed -= given_again;
            taken += given_again;
            if taken == bytes.len() || self.session.is_handshaking() {
                return Ok(taken);
            }
            let text = &bytes[taken..][..MOST_TEXT.min(bytes.len() - taken)];
            match self.session.seal(text) {
                Ok(()) => self.owed = text.len(),
                Err(failure) => self.failure = Some(failure.at(&link.peer().address)),
            }
        }
    }

    /// Says the end, as far as there is room. Where a text is half said nothing is: none of it counts as taken.
    pub(crate) fn say_end(&mut self, link: &dyn Link) {
        if self.owed > 0 {
            return;
        }
        if !self.session.is_handshaking() && self.failure.is_none() {
            self.session.say_end();
        }
        let _ = self.send(link);
    }
}

impl Link for TlsLink {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        self.lock().read(&*self.link, buffer)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.lock().write(&*self.link, bytes)
    }

    fn wait(&self, interest: Interest, timeout: Option<Duration>) -> Result<Interest, LinkError> {
        let until = timeout.map(end_of);
        let has_come = || {
            let mut state = self.lock();
            Ok(!state.first.is_empty() || state.take_in(&*self.link)?)
        };
        if interest.read && has_come()? {
            let write = interest.write && self.link.wait(Interest::WRITE, Some(Duration::ZERO))?.write;
            return Ok(Interest { read: true, write });
        }
        let mut left = timeout;
        loop {
            let ready = self.link.wait(interest, left)?;
            // What has come may be half a record, or nothing for whoever reads.
            let read = ready.read && has_come()?;
            if read || ready.write || !ready.read {
                return Ok(Interest { read, ..ready });
            }
            left = until.map(|until| until.saturating_duration_since(Instant::now()));
        }
    }

    fn wake(&self) {
        self.link.wake();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        self.link.descriptors()
    }

    fn peer(&self) -> &Peer {
        self.peer.get().unwrap_or_else(|| self.link.peer())
    }

    fn medium(&self) -> String {
        self.lock().session.version().to_owned()
    }

    fn limit_spin(&self, limit: Duration) {
        self.link.limit_spin(limit);
    }

    fn peer_said_hello(&self, pid: u64, pid_namespace: u64) {
        self.link.peer_said_hello(pid, pid_namespace);
    }

    /// Whoever could not write any more learns what the peer has said before it went.
    fn explain(&self, failure: LinkError) -> LinkError {
        let mut state = self.lock();
        let _ = state.take_in(&*self.link);
        match &state.failure {
            Some(why) => why.clone(),
            None => self.link.explain(failure),
        }
    }

    fn explain_silence(&self, failure: LinkError, skipped: &[u8], skipped_bytes: u64) -> LinkError {
        match &self.lock().failure {
            Some(why) => why.clone(),
            None => self.link.explain_silence(failure, skipped, skipped_bytes),
        }
    }
}

impl Drop for TlsLink {
    fn drop(&mut self) {
        let link = self.link.clone();
        self.lock().say_end(&*link);
    }
}
