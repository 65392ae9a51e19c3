//! The authority of requests over a Unix socket: several clients say the socket's path, as C++ and Python do
//! (`tmp%2Fapp.sock`), or Java (`/tmp/app.sock`), which HTTP does not allow and hyper refuses. Nobody needs it here, so what
//! is not allowed in it is replaced in its place, before hyper sees it. The lengths stay, and with them HPACK's tables.

use super::PREFACE;
use super::frames::{self, HEAD_BYTES};

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

const NAME: &[u8] = b":authority";
/// The name as HPACK's own code has it, and its place in HPACK's own table.
const NAME_IN_CODE: &[u8] = &[0xB8, 0x3B, 0x53, 0x39, 0xEC, 0x32, 0x7D, 0x7F];
const NAME_IN_TABLE: usize = 1;

/// Follows the frames of a client, and the fields in its headers.
#[derive(Default)]
pub(super) struct Authority {
    head: Vec<u8>,
    /// What is left of the payload, of which the first bytes and the last ones may be no fields.
    left: usize,
    before: usize,
    behind: usize,
    has_padding: bool,
    has_fields: bool,
    has_begun: bool,
    at: At,
}

/// Where in a block of fields the next byte is.
#[derive(Clone, Copy, Default)]
enum At {
    #[default]
    Field,
    Number(Number, Of),
    Length(Of),
    Name {
        left: usize,
        seen: usize,
        matches: bool,
        coded: bool,
    },
    Value {
        left: usize,
        replaced: bool,
    },
    /// What was not understood is hyper's to refuse.
    Lost,
}

/// What a number or a string stands for.
#[derive(Clone, Copy)]
enum Of {
    /// A whole field, or the size of the table.
    Whole,
    /// The name of a field by its place in a table; 0 where it follows.
    Index,
    Name {
        coded: bool,
    },
    Value {
        of_authority: bool,
        coded: bool,
    },
}

/// A number whose further bytes follow.
#[derive(Clone, Copy)]
struct Number {
    value: usize,
    shift: u32,
}

impl Authority {
    /// From the client's first byte on.
    pub(super) fn new() -> Authority {
        Authority { left: PREFACE.len(), ..Authority::default() }
    }

    /// Whether a frame of the client's has come.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Takes the next bytes of the client, and changes them where it has to.
    pub(super) fn pass(&mut self, mut bytes: &mut [u8]) {
        while let Some(byte) = bytes.first_mut() {
            let passed = match (self.left, self.has_fields) {
                (0, _) => {
                    self.head.push(*byte);
                    if self.head.len() == HEAD_BYTES {
                        self.begin();
                    }
                    1
                }
                (left, true) => {
                    self.left = left - 1;
                    self.payload(byte);
                    1
                }
                (left, false) => {
                    let passed = left.min(bytes.len());
                    self.left = left - passed;
                    passed
                }
            };
            bytes = &mut bytes[passed..];
        }
    }

    /// Begins a frame.
    fn begin(&mut self) {
        let Some(head) = self.head.first_chunk() else { return };
        let (kind, left) = frames::head(head);
        let flags = head[4];
        self.left = left;
        self.has_fields = matches!(kind, HEADERS | CONTINUATION);
        (self.before, self.behind, self.has_padding) = (0, 0, false);
        if kind == HEADERS {
            self.at = At::Field;
            self.has_padding = flags & PADDED != 0;
            self.before = usize::from(self.has_padding) + if flags & PRIORITY != 0 { 5 } else { 0 };
        }
        self.head.clear();
        self.has_begun = true;
    }

    fn payload(&mut self, byte: &mut u8) {
        if std::mem::take(&mut self.has_padding) {
            self.behind = usize::from(*byte);
        }
        if self.before > 0 {
            self.before -= 1;
        } else if self.left >= self.behind {
            self.at = self.at.next(byte);
        }
    }
}

impl At {
    fn next(self, byte: &mut u8) -> At {
        match self {
            At::Field => match *byte {
                0x80.. => number(*byte, 7, Of::Whole),
                0x40.. => number(*byte, 6, Of::Index),
                0x20.. => number(*byte, 5, Of::Whole),
                _ => number(*byte, 4, Of::Index),
            },
            At::Length(of) => number(*byte, 7, of.coded(*byte & 0x80 != 0)),
            At::Number(Number { shift: 28.., .. }, _) => At::Lost,
            At::Number(Number { value, shift }, of) => {
                let value = value + (usize::from(*byte & 0x7F) << shift);
                match *byte & 0x80 {
                    0 => of.known(value),
                    _ => At::Number(Number { value, shift: shift + 7 }, of),
                }
            }
            At::Name { left, seen, matches, coded } => {
                let name = if coded { NAME_IN_CODE } else { NAME };
                let matches = matches && name.get(seen) == Some(byte);
                match left {
                    1 => At::Length(Of::Value { of_authority: matches && seen + 1 == name.len(), coded }),
                    _ => At::Name { left: left - 1, seen: seen + 1, matches, coded },
                }
            }
            At::Value { left, replaced } => {
                if replaced && !byte.is_ascii_alphanumeric() && *byte != b'.' {
                    *byte = b'-';
                }
                if left == 1 { At::Field } else { At::Value { left: left - 1, replaced } }
            }
            At::Lost => At::Lost,
        }
    }
}

/// A number that begins in the last bits of this byte.
fn number(byte: u8, bits: u32, of: Of) -> At {
    let most = (1 << bits) - 1;
    match usize::from(byte) & most {
        value if value < most => of.known(value),
        value => At::Number(Number { value, shift: 0 }, of),
    }
}

impl Of {
    fn coded(self, coded: bool) -> Of {
        match self {
            Of::Name { .. } => Of::Name { coded },
            Of::Value { of_authority, .. } => Of::Value { of_authority, coded },
            of => of,
        }
    }

    /// What follows this number.
    fn known(self, value: usize) -> At {
        match self {
            Of::Whole => At::Field,
            Of::Index if value == 0 => At::Length(Of::Name { coded: false }),
            Of::Index => At::Length(Of::Value { of_authority: value == NAME_IN_TABLE, coded: false }),
            Of::Name { coded: false } if value == 0 => At::Lost,
            Of::Name { coded } => At::Name { left: value, seen: 0, matches: true, coded },
            Of::Value { .. } if value == 0 => At::Field,
            // A value in HPACK's own code is hyper's to judge: its codes have no whole bytes.
            Of::Value { of_authority, coded } => At::Value { left: value, replaced: of_authority && !coded },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        bytes.extend([kind, flags, 0, 0, 0, 1]);
        bytes.extend(payload);
        bytes
    }

    /// A field whose name is written out, its value too.
    fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
        [&[0x40, name.len() as u8][..], name, &[value.len() as u8], value].concat()
    }

    fn passed(mut bytes: Vec<u8>, size: usize) -> Vec<u8> {
        let mut authority = Authority::new();
        bytes.chunks_mut(size).for_each(|piece| authority.pass(piece));
        bytes
    }

    #[test]
    fn a_path_becomes_an_authority_and_nothing_else_is_changed_wherever_the_bytes_are_cut() {
        let path = literal(b":path", b"/a.b/U");
        let long = literal(b"long", &[b'%'; 100]);
        let block = |name: &[u8], value: &[u8]| {
            let authority = match name {
                b"1" => [&[0x01, value.len() as u8], value].concat(),
                b"coded" => [&[0x40, 0x88][..], NAME_IN_CODE, &[value.len() as u8], value].concat(),
                name => literal(name, value),
            };
            [&[0x3F, 0x01][..], &path, &[0x83], &authority, &long, &[0xBE]].concat()
        };
        let stream = |value: &[u8]| {
            let (whole, indexed, coded) = (block(NAME, value), block(b"1", value), block(b"coded", value));
            let (first, rest) = indexed.split_at(20);
            let padded = [&[3, 0, 0, 0, 0, 9][..], &coded, b"%%%"].concat();
            [
                PREFACE.to_vec(),
                frame(4, 0, b"%%%%%%"),
                frame(HEADERS, 4, &whole),
                frame(0, 0, &literal(NAME, b"%2F")),
                frame(HEADERS, 0, first),
                frame(CONTINUATION, 4, rest),
                frame(HEADERS, 4 | PADDED | PRIORITY, &padded),
            ]
            .concat()
        };
        let (said, allowed) = (stream(b"tmp%2Fa_b/c.sock:1"), stream(b"tmp-2Fa-b-c.sock-1"));
        for size in 1..said.len() {
            let expected = allowed.clone();
            assert_eq!(passed(said.clone(), size), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn numbers_of_any_length_and_nonsense_are_borne() {
        let mut seed = 7_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .take(4096)
        .collect();
        for begin in 0..noise.len() - 100 {
            passed([PREFACE, &frame(HEADERS, noise[begin], &noise[begin..begin + 100])].concat(), 7);
        }
        let endless = [&[0x7F][..], &[0xFF; 50]].concat();
        let bytes = [PREFACE, &frame(HEADERS, 4, &endless)].concat();
        assert_eq!(passed(bytes.clone(), 64), bytes);
    }
}
