//! Whom a certificate is for, of one that was accepted: what gRPC tells of it. Bytes only.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The version and the extensions of a certificate stand under tags of their own.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;

/// What the names are that a certificate is for.
const MAIL: u8 = 0x81;
const HOST: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The identifiers of a common name, and of the extension that has other names.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ALTERNATIVE_NAMES: [u8; 3] = [0x55, 0x1D, 0x11];

/// Whom a certificate is for.
#[derive(Default)]
pub(crate) struct Subject {
    /// The first of its common names.
    pub common_name: Option<Vec<u8>>,
    /// Its other names, as texts: hosts, IP addresses, addresses of mail, URIs.
    pub alternative_names: Vec<Vec<u8>>,
}

impl Subject {
    /// Of a certificate in DER. What is not understood is left out.
    pub fn of(certificate: &[u8]) -> Subject {
        Subject::read(certificate).unwrap_or_default()
    }

    fn read(certificate: &[u8]) -> Option<Subject> {
        let signed = first(first(certificate)?)?;
        let mut fields = Fields(signed).peekable();
        fields.next_if(|field| field.tag == VERSION);
        // Behind the serial number, the algorithm, the issuer and the dates.
        let subject = fields.nth(4)?;
        let extensions = fields.find(|field| field.tag == EXTENSIONS);
        Some(Subject {
            common_name: common_name(subject.content),
            alternative_names: extensions.and_then(|all| names(first(all.content)?)).unwrap_or_default(),
        })
    }
}

fn common_name(subject: &[u8]) -> Option<Vec<u8>> {
    let pairs = Fields(subject).flat_map(|set| Fields(set.content));
    let named = |pair: Field<'_>| {
        let mut pair = Fields(pair.content);
        let (kind, value) = (pair.next()?, pair.next()?);
        (kind.content == COMMON_NAME).then(|| value.content.to_vec())
    };
    pairs.filter_map(named).next()
}

fn names(extensions: &[u8]) -> Option<Vec<Vec<u8>>> {
    let is_wanted = |one: &Field<'_>| first(one.content) == Some(&ALTERNATIVE_NAMES[..]);
    let wanted = Fields(extensions).find(is_wanted)?;
    // Behind the word whether it is critical, where that is there.
    let value = Fields(wanted.content).last()?;
    Some(Fields(first(value.content)?).filter_map(name).collect())
}

fn name(name: Field<'_>) -> Option<Vec<u8>> {
    match (name.tag, name.content) {
        (MAIL | HOST | URI, text) => Some(text.to_vec()),
        (IP, bytes) => {
            let four = <[u8; 4]>::try_from(bytes).map(|ip| Ipv4Addr::from(ip).to_string());
            let sixteen = <[u8; 16]>::try_from(bytes).map(|ip| Ipv6Addr::from(ip).to_string());
            four.or(sixteen).ok().map(String::into_bytes)
        }
        _ => None,
    }
}

/// What is inside of the first field.
fn first(bytes: &[u8]) -> Option<&[u8]> {
    Fields(bytes).next().map(|field| field.content)
}

/// A field in DER.
struct Field<'a> {
    tag: u8,
    content: &'a [u8],
}

/// The fields that stand one behind the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (&[tag, length], mut rest) = self.0.split_first_chunk()?;
        let mut length = usize::from(length);
        if length > 0x7F {
            // So many bytes of it follow.
            let (bytes, after) =
                rest.split_at_checked(length & 0x7F).filter(|(bytes, _)| bytes.len() <= 4)?;
            length = bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some(Field { tag, content })
    }
}
