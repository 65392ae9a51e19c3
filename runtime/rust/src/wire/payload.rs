//! What the payloads of frames say.

use bytes::Bytes;

use super::{
    Flags, Frame, GoAwayCode, MAX_GO_AWAY_TEXT_BYTES, MAX_PATH_BYTES, MAX_TEXT_BYTES, MetadataBlock,
    WireError,
};

/// What an OPEN says.
#[derive(Debug)]
pub(crate) struct Open<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) deadline_nanos: Option<u64>,
    pub(crate) metadata: MetadataBlock,
    pub(crate) message: Option<Bytes>,
}

impl<'a> Open<'a> {
    /// Reads an OPEN.
    pub(crate) fn decode(frame: &'a Frame<'_>) -> Result<Open<'a>, WireError> {
        let flags = frame.header.flags;
        let mut rest = frame.payload.as_slice();
        let mut path = None;
        if flags.has(Flags::PATH) {
            let bytes;
            (bytes, rest) = split_short(rest).ok_or(WireError::protocol("an OPEN ends in its path"))?;
            path = Some(decode_path(bytes)?);
        }
        let mut deadline_nanos = None;
        if flags.has(Flags::DEADLINE) {
            let (nanos, after) =
                rest.split_first_chunk::<8>().ok_or(WireError::protocol("an OPEN ends in its deadline"))?;
            deadline_nanos = Some(u64::from_le_bytes(*nanos));
            rest = after;
        }
        let (metadata, rest) = MetadataBlock::decode(rest)?;
        let message = decode_message(frame, rest)?;
        Ok(Open { path, deadline_nanos, metadata, message })
    }
}

/// What a STATUS says, besides its code.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) headers: Option<MetadataBlock>,
    pub(crate) text: String,
    pub(crate) trailers: MetadataBlock,
    pub(crate) message: Option<Bytes>,
}

impl Status {
    /// Reads a STATUS.
    pub(crate) fn decode(frame: &Frame<'_>) -> Result<Status, WireError> {
        let mut rest = frame.payload.as_slice();
        let mut headers = None;
        if frame.header.flags.has(Flags::HEADERS) {
            let (block, after) = MetadataBlock::decode(rest)?;
            headers = Some(block);
            rest = after;
        }
        let (text, rest) = split_short(rest).ok_or(WireError::protocol("a STATUS ends in its text"))?;
        let text = decode_text(text, MAX_TEXT_BYTES)?;
        let (trailers, rest) = MetadataBlock::decode(rest)?;
        let message = decode_message(frame, rest)?;
        Ok(Status { headers, text, trailers, message })
    }
}

/// What a GOAWAY says, besides the last stream.
#[derive(Debug)]
pub(crate) struct GoAway {
    pub(crate) code: GoAwayCode,
    pub(crate) text: String,
}

impl GoAway {
    /// Reads a GOAWAY.
    pub(crate) fn decode(frame: &Frame<'_>) -> Result<GoAway, WireError> {
        let (code, text) = frame
            .payload
            .as_slice()
            .split_first_chunk::<4>()
            .ok_or(WireError::protocol("a GOAWAY without a code"))?;
        let text = decode_text(text, MAX_GO_AWAY_TEXT_BYTES)?;
        Ok(GoAway { code: GoAwayCode::from_number(u32::from_le_bytes(*code)), text })
    }
}

/// Reads the metadata of a HEADERS.
pub(crate) fn decode_headers(frame: &Frame<'_>) -> Result<MetadataBlock, WireError> {
    match MetadataBlock::decode(frame.payload.as_slice())? {
        (headers, []) => Ok(headers),
        _ => Err(WireError::protocol("a HEADERS has bytes left over")),
    }
}

/// Reads the text of a RESET.
pub(crate) fn decode_reset(frame: &Frame<'_>) -> Result<String, WireError> {
    decode_text(frame.payload.as_slice(), MAX_TEXT_BYTES)
}

/// Reads the bytes of a PING.
pub(crate) fn decode_ping(frame: &Frame<'_>) -> Result<[u8; 8], WireError> {
    frame.payload.as_slice().try_into().map_err(|_| WireError::protocol("a PING has not eight bytes"))
}

/// Whether this is a path of gRPC's form, `/package.Service/Method`, and not too long.
pub(crate) fn is_path(path: &str) -> bool {
    (3..=MAX_PATH_BYTES).contains(&path.len()) && path.starts_with('/') && path[1..].contains('/')
}

fn decode_path(bytes: &[u8]) -> Result<&str, WireError> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|path| is_path(path))
        .ok_or(WireError::protocol("the path of a method is none"))
}

#[inline]
fn decode_text(bytes: &[u8], most: usize) -> Result<String, WireError> {
    if bytes.is_empty() {
        return Ok(String::new());
    }
    if bytes.len() > most {
        return Err(WireError::protocol(format!("a text of {} bytes, where {most} may be", bytes.len())));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(WireError::protocol("a text is not UTF-8")),
    }
}

/// The message at the end of a frame: all that is left where the flag says so, else nothing may be.
fn decode_message(frame: &Frame<'_>, rest: &[u8]) -> Result<Option<Bytes>, WireError> {
    if frame.header.flags.has(Flags::MESSAGE) {
        Ok(Some(frame.payload.tail(rest.len())))
    } else if rest.is_empty() {
        Ok(None)
    } else {
        Err(WireError::protocol("a frame has bytes left over"))
    }
}

/// Splits a length of two bytes and so many bytes from the rest.
fn split_short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}
