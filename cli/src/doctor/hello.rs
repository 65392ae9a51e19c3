//! What a peer says of itself: its HELLO, as it came.

use prost::Message;

/// What each side of samehost's wire begins with.
const PREFACE: &[u8] = b"\xF5SHOST\r\n";

/// Of a frame.
const HEADER: usize = 16;
const HELLO: u8 = 1;

/// `samehost.v1.Hello`, as far as it is told.
#[derive(Clone, PartialEq, Message)]
pub struct Hello {
    #[prost(uint32, tag = "1")]
    pub min_version: u32,
    #[prost(uint32, tag = "2")]
    pub max_version: u32,
    #[prost(string, tag = "3")]
    pub implementation: String,
    #[prost(uint64, tag = "4")]
    pub pid: u64,
    #[prost(uint64, tag = "5")]
    pub pid_namespace: u64,
    #[prost(string, repeated, tag = "6")]
    pub features: Vec<String>,
    #[prost(uint32, tag = "9")]
    pub max_message_bytes: u32,
    #[prost(uint32, tag = "11")]
    pub max_streams: u32,
}

/// What a peer's first bytes are.
pub enum First {
    /// It said HELLO, behind so many bytes of noise.
    Hello(Hello, usize),
    /// HTTP/2's first frame.
    Http2,
    /// Neither, or not all of it.
    Other,
}

/// Reads a peer's first bytes.
pub fn of(bytes: &[u8]) -> First {
    let noise = bytes.windows(PREFACE.len()).position(|window| window == PREFACE);
    let hello = noise.and_then(|noise| Some((hello_in(&bytes[noise + PREFACE.len()..])?, noise)));
    match hello {
        Some((hello, noise)) => First::Hello(hello, noise),
        // Its SETTINGS: type 4, no flags, stream 0.
        None if bytes.len() >= 9 && bytes[..2] == [0, 0] && bytes[3..9] == [4, 0, 0, 0, 0, 0] => First::Http2,
        None => First::Other,
    }
}

fn hello_in(frame: &[u8]) -> Option<Hello> {
    let header = frame.get(..HEADER)?;
    let length = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    let payload = frame.get(HEADER..)?.get(..length)?;
    Hello::decode(payload).ok().filter(|_| header[4] == HELLO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Vec<u8> {
        let hello =
            Hello { max_version: 1, implementation: "x".to_owned(), ..Hello::default() }.encode_to_vec();
        let mut bytes = PREFACE.to_vec();
        bytes.extend(u32::try_from(hello.len()).unwrap().to_le_bytes());
        bytes.extend([HELLO, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(hello);
        bytes
    }

    #[test]
    fn a_hello_is_read_behind_noise_and_what_is_cut_is_none() {
        let noisy = [&b"Starting...\n"[..], &frame()].concat();
        assert!(matches!(of(&noisy), First::Hello(hello, 12) if hello.implementation == "x"));
        let whole = frame();
        for length in 0..whole.len() {
            assert!(matches!(of(&whole[..length]), First::Other), "{length}");
        }
    }

    #[test]
    fn http_2_is_told_from_the_rest() {
        assert!(matches!(of(&[0, 0, 0x12, 4, 0, 0, 0, 0, 0, 0, 3]), First::Http2));
        assert!(matches!(of(b"220 mail.example.org"), First::Other));
    }
}
