//! The first bytes of a connection.

use std::fmt::Write;

use samehost_transport_api::Fault;

/// The first eight bytes of each side.
pub(crate) const PREFACE: [u8; 8] = *b"\xF5SHOST\r\n";

/// How many first bytes a fault shows.
const SHOWN_BYTES: usize = 8;
/// So many bytes are always enough to judge.
const ENOUGH_BYTES: usize = 24;

/// The three answers to the question what a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstWord {
    /// This wire: the bytes begin with the preface.
    Yes,
    /// Something else: the fault that names it.
    No(Fault),
    /// More bytes are needed.
    More,
}

/// How bytes compare to a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    SoFar,
    Other,
}

/// Judges the first bytes of a peer.
pub(crate) fn judge(bytes: &[u8]) -> FirstWord {
    use Likeness::{Other, Same, SoFar};
    let http2 = begins_with(bytes, b"PRI * HTTP/2.0\r\n").max(is_http2_settings(bytes));
    let http1 = begins_with(bytes, b"HTTP/1.").max(is_http1_request(bytes));
    match (begins_with(bytes, &PREFACE), http2, http1) {
        (Same, _, _) => FirstWord::Yes,
        (_, Same, _) => FirstWord::No(Fault::PeerHttp2),
        (SoFar, _, _) | (_, SoFar, _) => FirstWord::More,
        (_, _, Same) => FirstWord::No(Fault::PeerHttp1),
        (_, _, SoFar) => FirstWord::More,
        (Other, Other, Other) => FirstWord::No(Fault::PeerNonsense),
    }
}

impl Likeness {
    fn max(self, other: Likeness) -> Likeness {
        match (self, other) {
            (Likeness::Same, _) | (_, Likeness::Same) => Likeness::Same,
            (Likeness::SoFar, _) | (_, Likeness::SoFar) => Likeness::SoFar,
            _ => Likeness::Other,
        }
    }
}

fn begins_with(bytes: &[u8], form: &[u8]) -> Likeness {
    let known = bytes.len().min(form.len());
    if bytes[..known] != form[..known] {
        Likeness::Other
    } else if known == form.len() {
        Likeness::Same
    } else {
        Likeness::SoFar
    }
}

/// A SETTINGS frame of HTTP/2, which an HTTP/2 server sends first: a length of three bytes, here
/// under 256, type 4, no flags, stream 0.
fn is_http2_settings(bytes: &[u8]) -> Likeness {
    let mut form = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    if let Some(&length) = bytes.get(2) {
        form[2] = length;
    }
    begins_with(bytes, &form)
}

/// A method of 1 to 16 upper-case letters, a space, and the beginning of a target.
fn is_http1_request(bytes: &[u8]) -> Likeness {
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    match bytes[letters..] {
        _ if letters > 16 => Likeness::Other,
        [] => Likeness::SoFar,
        [b' '] if letters > 0 => Likeness::SoFar,
        [b' ', b'/' | b'*' | b'h', ..] if letters > 0 => Likeness::Same,
        _ => Likeness::Other,
    }
}

/// Reads up to and including the preface, skipping noise before it where that is allowed.
#[derive(Debug)]
pub(crate) struct PrefaceReader {
    noise_limit: usize,
    /// The first bytes; when noise is skipped, all bytes before the preface.
    seen: Vec<u8>,
    /// When noise is skipped: how many bytes of the preface have matched since.
    matched: usize,
}

impl PrefaceReader {
    /// A reader that skips at most so many bytes before the preface.
    pub(crate) fn new(noise_limit: usize) -> PrefaceReader {
        PrefaceReader { noise_limit, seen: Vec::new(), matched: 0 }
    }

    /// Takes bytes from the front of `input` until the preface is complete; answers whether it is.
    pub(crate) fn receive(&mut self, input: &mut &[u8]) -> Result<bool, Fault> {
        if self.noise_limit > 0 { self.skip_noise(input) } else { self.judge_first(input) }
    }

    fn judge_first(&mut self, input: &mut &[u8]) -> Result<bool, Fault> {
        let before = self.seen.len();
        let taken = input.len().min(ENOUGH_BYTES - before);
        self.seen.extend_from_slice(&input[..taken]);
        match judge(&self.seen) {
            FirstWord::Yes => {
                *input = &input[PREFACE.len() - before..];
                self.seen.clear();
                Ok(true)
            }
            FirstWord::More => {
                *input = &[];
                Ok(false)
            }
            FirstWord::No(fault) => Err(fault),
        }
    }

    fn skip_noise(&mut self, input: &mut &[u8]) -> Result<bool, Fault> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            if byte == PREFACE[self.matched] {
                self.matched += 1;
                if self.matched == PREFACE.len() {
                    return Ok(true);
                }
                continue;
            }
            // No byte of the preface but the first can begin it anew.
            self.seen.extend_from_slice(&PREFACE[..self.matched]);
            self.matched = usize::from(byte == PREFACE[0]);
            if self.matched == 0 {
                self.seen.push(byte);
            }
            if self.seen.len() > self.noise_limit {
                return Err(Fault::PeerNonsense);
            }
        }
        Ok(false)
    }

    /// What the end of the link, or of the time, means before the preface is complete.
    pub(crate) fn at_end(&self) -> Fault {
        if self.noise_limit > 0 {
            if self.matched > 0 { Fault::LinkTruncated } else { Fault::PeerGoneBeforeHello }
        } else if self.seen.is_empty() {
            Fault::PeerGoneBeforeHello
        } else if PREFACE.starts_with(&self.seen) {
            Fault::LinkTruncated
        } else {
            Fault::PeerNonsense
        }
    }

    /// What came before the preface.
    pub(crate) fn skipped(&self) -> &[u8] {
        &self.seen
    }

    /// The first bytes for a person: as text and in hex.
    pub(crate) fn first_bytes(&self) -> String {
        let shown = &self.seen[..self.seen.len().min(SHOWN_BYTES)];
        let mut text = String::from("\"");
        for &byte in shown {
            text.push(if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' });
        }
        text.push_str("\" (");
        for (at, byte) in shown.iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            let _ = write!(text, "{gap}{byte:02X}"); // writing to a String cannot fail
        }
        text.push(')');
        text
    }
}
