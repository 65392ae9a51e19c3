//! One side of a TLS connection: bytes in, bytes out, no I/O.

use std::io::{self, BufRead, Read, Write};

use rustls::pki_types::CertificateDer;
use rustls::{Connection, Error, ProtocolVersion};

use crate::faults::Failure;

/// The longest text of one record.
pub(crate) const MOST_TEXT: usize = 16 << 10;

/// What records of a handshake and of alerts begin with: the only ones that a server can say first.
const FIRST_KINDS: [u8; 2] = [0x16, 0x15];

/// A connection of rustls, and the little that it does not know by itself.
pub(crate) struct Session {
    connection: Connection,
    /// Something has come.
    heard: bool,
    /// The peer has said that it will say no more.
    peer_has_ended: bool,
}

impl Session {
    pub fn new(connection: Connection) -> Session {
        Session { connection, heard: false, peer_has_ended: false }
    }

    /// Takes some bytes off the front of what has come, at least one. There may be something to be sent after it, also
    /// where it fails.
    ///
    /// # Panics
    /// Where there is text that was not read.
    pub fn receive(&mut self, bytes: &mut &[u8]) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.heard, true) && !FIRST_KINDS.contains(&bytes[0]) {
            return Err(Failure::NotSpoken);
        }
        match self.connection.read_tls(bytes) {
            // It listens no longer.
            Ok(0) => *bytes = &[],
            Ok(_) => {}
            Err(error) => panic!("text was read before more is taken: {error}"),
        }
        let found = self.connection.process_new_packets().map_err(Failure::of)?;
        self.peer_has_ended |= found.peer_has_closed();
        Ok(())
    }

    /// Whether there is text to be read.
    pub fn has_text(&mut self) -> bool {
        self.connection.reader().fill_buf().is_ok_and(|text| !text.is_empty())
    }

    /// Reads text; 0 where there is none.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.connection.reader().read(buffer).unwrap_or(0)
    }

    /// Makes one record of a text, which is not longer than one can be. To be sent before the next one is made.
    pub fn seal(&mut self, text: &[u8]) -> Result<(), Failure> {
        debug_assert!(text.len() <= MOST_TEXT && !self.has_to_send());
        match self.connection.writer().write(text) {
            Ok(count) if count == text.len() => Ok(()),
            _ => Err(Failure::of(Error::EncryptError)),
        }
    }

    /// Says that this side will say no more.
    pub fn say_end(&mut self) {
        self.connection.send_close_notify();
    }

    pub fn has_to_send(&self) -> bool {
        self.connection.wants_write()
    }

    /// Gives what is to be sent to one who answers how much of it was taken.
    ///
    /// # Errors
    /// What that one says; some of it may have been taken before.
    pub fn send(&mut self, take: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        let mut sink = Sink(take);
        while self.has_to_send() {
            self.connection.write_tls(&mut sink)?;
        }
        Ok(())
    }

    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    pub fn peer_has_ended(&self) -> bool {
        self.peer_has_ended
    }

    pub fn is_client(&self) -> bool {
        matches!(self.connection, Connection::Client(_))
    }

    /// Those that the peer has shown, its own first.
    pub fn certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.connection.peer_certificates()
    }

    /// The version that is spoken, for people.
    pub fn version(&self) -> &'static str {
        match self.connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS",
        }
    }
}

/// What rustls writes to.
struct Sink<T>(T);

impl<T: FnMut(&[u8]) -> io::Result<usize>> Write for Sink<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
