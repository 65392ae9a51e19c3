//! What the two sides of a Unix socket say before they go on in shared memory. Bytes only, no I/O.
//!
//! The README of `transports/shm` draws them; `proto/vectors/shm.json` fixes them.

use samehost_transport_api::FirstBytes;

/// The first bytes of an offer and of its answer; the first of them is in no HTTP token and not
/// that of the wire's preface.
const MAGIC: [u8; 4] = *b"\xF6SHM";

/// The version of the handshake and of the layout.
pub const VERSION: u8 = 1;

/// How many bytes an offer has, and an answer before its text.
pub const WORDS_BYTES: usize = 16;

/// The smallest ring that is agreed on.
pub const LEAST_RING_BYTES: u32 = 64 << 10;

/// The largest ring that is agreed on.
pub const MOST_RING_BYTES: u32 = 64 << 20;

/// The longest text of a refusal.
pub const MOST_TEXT_BYTES: usize = 1024;

const ACCEPTED: u8 = 1;
const REFUSED: u8 = 2;

/// The client has the memory, and the bytes go through it from now on.
pub const ACK: u8 = 0x06;
/// The client does not take the memory, and the bytes go over the socket.
pub const NAK: u8 = 0x15;

/// The client's wish for shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The newest version that the client speaks.
    pub version: u8,
    /// How large it wants the ring of each direction to be.
    pub ring_bytes: u32,
}

impl Offer {
    /// Its bytes.
    pub fn encode(self) -> [u8; WORDS_BYTES] {
        words(self.version, 0, 0, self.ring_bytes, 0)
    }

    /// Whether bytes begin an offer.
    pub fn judge(bytes: &[u8]) -> FirstBytes {
        let count = bytes.len().min(MAGIC.len());
        if bytes[..count] != MAGIC[..count] {
            FirstBytes::No
        } else if bytes.len() < WORDS_BYTES {
            FirstBytes::More
        } else {
            FirstBytes::Yes
        }
    }

    /// The offer of bytes that were judged to be one.
    pub fn decode(bytes: &[u8; WORDS_BYTES]) -> Offer {
        Offer { version: bytes[4], ring_bytes: number(bytes, 8) }
    }
}

/// The server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With the memory and the second socket as its descriptors.
    Accepted {
        /// The version that is spoken.
        version: u8,
        /// The size of each ring, a power of two.
        ring_bytes: u32,
    },
    /// The bytes go over the socket.
    Refused {
        /// The newest version that the server speaks.
        version: u8,
        /// The system's error number; 0 where there is none.
        errno: u32,
        /// Why, for people.
        reason: String,
    },
}

/// What became of an answer's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The whole answer, and how many bytes it had.
    Whole(Answer, usize),
    /// More bytes are needed.
    More,
    /// No answer: why.
    Nonsense(&'static str),
}

impl Answer {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Answer::Accepted { version, ring_bytes } => words(*version, ACCEPTED, 0, *ring_bytes, 0).to_vec(),
            Answer::Refused { version, errno, reason } => {
                let text = cut(reason, MOST_TEXT_BYTES);
                let mut bytes = words(*version, REFUSED, text.len() as u16, 0, *errno).to_vec();
                bytes.extend_from_slice(text.as_bytes());
                bytes
            }
        }
    }

    /// The answer that bytes begin with.
    pub fn decode(bytes: &[u8]) -> Answered {
        let count = bytes.len().min(MAGIC.len());
        if bytes[..count] != MAGIC[..count] {
            return Answered::Nonsense("no answer to an offer");
        }
        let Some(words) = bytes.first_chunk::<WORDS_BYTES>() else { return Answered::More };
        let (version, verdict, ring_bytes) = (words[4], words[5], number(words, 8));
        let text_bytes = usize::from(u16::from_le_bytes([words[6], words[7]]));
        match verdict {
            ACCEPTED if version != VERSION => Answered::Nonsense("a version that was not offered"),
            ACCEPTED if !is_ring_size(ring_bytes) || text_bytes != 0 => {
                Answered::Nonsense("a size that no ring has")
            }
            ACCEPTED => Answered::Whole(Answer::Accepted { version, ring_bytes }, WORDS_BYTES),
            REFUSED if text_bytes > MOST_TEXT_BYTES => Answered::Nonsense("a text that is too long"),
            REFUSED => {
                let Some(text) = bytes.get(WORDS_BYTES..WORDS_BYTES + text_bytes) else {
                    return Answered::More;
                };
                let reason = String::from_utf8_lossy(text).into_owned();
                let errno = number(words, 12);
                Answered::Whole(Answer::Refused { version, errno, reason }, WORDS_BYTES + text_bytes)
            }
            _ => Answered::Nonsense("neither yes nor no"),
        }
    }
}

/// Both have this form: magic, version, verdict, length of the text, size of a ring, error number.
fn words(version: u8, verdict: u8, text_bytes: u16, ring_bytes: u32, errno: u32) -> [u8; WORDS_BYTES] {
    let mut bytes = [0; WORDS_BYTES];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4] = version;
    bytes[5] = verdict;
    bytes[6..8].copy_from_slice(&text_bytes.to_le_bytes());
    bytes[8..12].copy_from_slice(&ring_bytes.to_le_bytes());
    bytes[12..].copy_from_slice(&errno.to_le_bytes());
    bytes
}

fn number(bytes: &[u8; WORDS_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Whether a ring may have so many bytes.
pub const fn is_ring_size(bytes: u32) -> bool {
    bytes.is_power_of_two() && bytes >= LEAST_RING_BYTES && bytes <= MOST_RING_BYTES
}

/// The beginning of a text, in whole characters, with at most so many bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    &text[..at]
}
