//! Metadata between HTTP's headers, as tonic has them, and the wire.

use http::{HeaderMap, HeaderName, HeaderValue};
use samehost_transport_api::Code;
use tonic::metadata::{BinaryMetadataValue, KeyAndValueRef, MetadataMap};

use crate::connection;
use crate::surface::Status;
use crate::surface::metadata::{invalid_key, invalid_value, is_text};
use crate::wire::{MetadataBlock, is_reserved};

pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The wire's form of headers. Binary values become the bytes that they stand for. A text that is not printable ASCII, which
/// HTTP allows and gRPC does not, is left out.
pub(crate) fn to_block(headers: HeaderMap) -> Result<MetadataBlock, Status> {
    to_block_and(headers, |_, _| {})
}

/// As [`to_block`]; what is not sent is told to `unsent`, so that nobody need look for it.
pub(super) fn to_block_and(
    headers: HeaderMap,
    mut unsent: impl FnMut(&str, &[u8]),
) -> Result<MetadataBlock, Status> {
    let mut block = MetadataBlock::new();
    if headers.is_empty() {
        return Ok(block);
    }
    for pair in MetadataMap::from_headers(headers).iter() {
        match pair {
            KeyAndValueRef::Ascii(key, value) => {
                let (key, value) = (key.as_str(), value.as_encoded_bytes());
                if is_reserved(key) {
                    unsent(key, value);
                } else if is_text(value) {
                    block.push(key, value).map_err(|_| invalid_key(key))?;
                } else {
                    tracing::warn!(
                        key,
                        "metadata has a value that is not printable ASCII, which is not sent"
                    );
                }
            }
            KeyAndValueRef::Binary(key, value) => {
                let key = key.as_str();
                let bytes = value.to_bytes().map_err(|_| invalid_value(key))?;
                block.push(key, &bytes).map_err(|_| invalid_key(key))?;
            }
        }
    }
    Ok(block)
}

/// Adds the pairs of a block to headers. A text that is not printable ASCII is left out, and so is what the frames of the
/// wire say in their own way.
pub(super) fn add_to(headers: &mut HeaderMap, block: &MetadataBlock) {
    add_pairs(headers, block.iter());
}

/// Adds pairs of a block to headers, as [`add_to`] does all.
pub(crate) fn add_pairs<'b>(headers: &mut HeaderMap, pairs: impl Iterator<Item = (&'b str, &'b [u8])>) {
    for (key, value) in pairs {
        if is_reserved(key) {
            continue;
        }
        let Ok(name) = HeaderName::from_bytes(key.as_bytes()) else { continue };
        let value = match key.ends_with("-bin") {
            true => HeaderValue::from_bytes(BinaryMetadataValue::from_bytes(value).as_encoded_bytes()).ok(),
            false => is_text(value).then(|| HeaderValue::from_bytes(value).ok()).flatten(),
        };
        match value {
            Some(value) => {
                headers.append(name, value);
            }
            None => {
                tracing::debug!(key, "metadata has a value that is not printable ASCII, which is left out")
            }
        }
    }
}

/// A status as headers or trailers.
pub(super) fn status_headers(status: connection::Status) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(2 + usize::from(status.trailers().count()));
    add_to(&mut headers, status.trailers());
    headers.insert(STATUS, HeaderValue::from_static(number(status.code)));
    if !status.text().is_empty() {
        headers.insert(MESSAGE, percent_encoded(status.text()));
    }
    headers
}

fn number(code: Code) -> &'static str {
    const NUMBERS: [&str; 17] =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];
    NUMBERS[code as usize]
}

/// Whether headers have a status.
pub(super) fn has_status(headers: &HeaderMap) -> bool {
    headers.contains_key(STATUS)
}

/// Whether headers say that all went well, and nothing else.
fn is_plain_ok(headers: &HeaderMap) -> bool {
    headers.len() == 1 && headers.iter().all(|(name, value)| name == STATUS && value.as_bytes() == b"0")
}

/// The status in headers or trailers, if one is there.
pub(super) fn take_status(mut headers: HeaderMap) -> Result<Option<connection::Status>, Status> {
    if is_plain_ok(&headers) {
        // Most often that is it, and nothing has to be looked up.
        return Ok(Some(connection::Status::OK));
    }
    let Some(code) = headers.remove(STATUS) else { return Ok(None) };
    let code = code.to_str().ok().and_then(|text| text.parse().ok()).map_or(Code::Unknown, Code::from_number);
    let text = headers.remove(MESSAGE).map_or(String::new(), |text| percent_decoded(text.as_bytes()));
    Ok(Some(connection::Status::new(code, text, to_block(headers)?)))
}

/// gRPC's form of a text in a header: all but printable ASCII, and `%`, as `%XX`.
fn percent_encoded(text: &str) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(byte),
            _ => encoded.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    HeaderValue::from_maybe_shared(bytes::Bytes::from(encoded)).expect("printable ASCII is a header's value")
}

/// What is no `%XX` stands for itself, as gRPC wants of a reader.
fn percent_decoded(encoded: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(*first);
        if let (b'%', Some((hex, after))) = (first, after.split_first_chunk::<2>()) {
            let digits = hex.map(|digit| char::from(digit).to_digit(16));
            if let [Some(high), Some(low)] = digits {
                bytes.pop();
                bytes.push((high * 16 + low) as u8);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl From<Status> for tonic::Status {
    fn from(status: Status) -> tonic::Status {
        let mut headers = HeaderMap::new();
        add_to(&mut headers, status.inner().trailers());
        headers.remove("grpc-status-details-bin");
        tonic::Status::with_details_and_metadata(
            tonic::Code::from_i32(status.code() as i32),
            status.message(),
            bytes::Bytes::copy_from_slice(status.details()),
            MetadataMap::from_headers(headers),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESERVED: [&str; 5] = ["te", "content-type", "grpc-timeout", "grpc-status", "grpc-message"];

    #[test]
    fn texts_survive_their_way_through_a_header() {
        for text in
            ["", "plain", "100 %", "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n", "%41"]
        {
            assert_eq!(percent_decoded(percent_encoded(text).as_bytes()), text);
        }
        assert_eq!(percent_decoded(b"50% off, %4 %zz %41"), "50% off, %4 %zz A");
    }

    #[test]
    fn binary_values_travel_as_bytes_and_duplicates_keep_their_order() {
        let mut block = MetadataBlock::new();
        for (key, value) in [("k", &b"one"[..]), ("x-bin", &[0, 255, 7]), ("k", b"two"), ("x-bin", b"")] {
            block.push(key, value).unwrap();
        }
        let mut headers = HeaderMap::new();
        add_to(&mut headers, &block);
        assert_eq!(headers.get("x-bin").unwrap(), "AP8H");
        let back = to_block(headers).unwrap();
        let values =
            |key| back.iter().filter(|pair| pair.0 == key).map(|pair| pair.1.to_vec()).collect::<Vec<_>>();
        assert_eq!(values("k"), [b"one", b"two"]);
        assert_eq!(values("x-bin"), [vec![0, 255, 7], vec![]]);
    }

    #[test]
    fn what_the_wire_says_in_its_own_way_is_not_sent() {
        let mut headers = HeaderMap::new();
        for name in RESERVED {
            headers.insert(name, HeaderValue::from_static("5"));
        }
        headers.insert("mine", HeaderValue::from_static("yes"));
        assert_eq!(to_block(headers).unwrap().iter().collect::<Vec<_>>(), [("mine", &b"yes"[..])]);
    }

    #[test]
    fn what_the_wire_says_in_its_own_way_is_not_received() {
        let mut block = MetadataBlock::new();
        for name in RESERVED.into_iter().chain(["mine"]) {
            block.push(name, b"5").unwrap();
        }
        let status = connection::Status::new(Code::Ok, String::new(), block.clone());
        let headers = status_headers(status);
        assert_eq!(
            headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["mine", "grpc-status"]
        );
        assert_eq!(headers["grpc-status"], "0");
        let mut headers = HeaderMap::new();
        add_to(&mut headers, &block);
        assert_eq!(headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["mine"]);
    }

    #[test]
    fn a_text_that_is_not_printable_is_left_out_in_either_direction() {
        let values = [&b"one"[..], b"\t", b"\x7F", "\u{fc}".as_bytes(), b"", b" two~"];
        let (mut block, mut said) = (MetadataBlock::new(), HeaderMap::new());
        for value in values {
            block.push("k", value).unwrap();
            if let Ok(value) = HeaderValue::from_bytes(value) {
                said.append("k", value);
            }
        }
        let mut headers = HeaderMap::new();
        add_to(&mut headers, &block);
        assert_eq!(headers.get_all("k").iter().collect::<Vec<_>>(), ["one", "", " two~"]);
        let sent = to_block(said).unwrap();
        assert_eq!(sent.iter().map(|pair| pair.1).collect::<Vec<_>>(), [&b"one"[..], b"", b" two~"]);
    }

    #[test]
    fn a_key_or_a_value_that_grpc_does_not_allow_is_named() {
        let mut headers = HeaderMap::new();
        headers.insert("a!b", HeaderValue::from_static("1"));
        assert!(to_block(headers).unwrap_err().message().starts_with("metadata a!b: "));
        let mut headers = HeaderMap::new();
        headers.insert("a-bin", HeaderValue::from_static("?"));
        assert!(to_block(headers).unwrap_err().message().starts_with("metadata a-bin: "));
    }
}
