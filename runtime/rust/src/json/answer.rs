//! Answers as Connect has them: a message, or an error as JSON.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use prost::Message as _;
use samehost_transport_api::Code;
use tonic::metadata::BinaryMetadataValue;

use super::body::Whole;
use super::fields::is_of_http;
use crate::surface::Status;
use crate::surface::tonic::metadata::add_pairs;
use crate::wire::MetadataBlock;

pub(super) type Answer = Response<Whole>;

/// How messages are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Proto,
}

impl Kind {
    /// By the content type; `None` for any other than these two.
    pub(super) fn of(headers: &HeaderMap) -> Option<Kind> {
        let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let text = text.split(';').next()?.trim();
        [Kind::Json, Kind::Proto].into_iter().find(|kind| text.eq_ignore_ascii_case(kind.name()))
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Json => "application/json",
            Kind::Proto => "application/proto",
        }
    }
}

/// A message, and what came before and behind it.
pub(super) fn message(
    kind: Kind,
    bytes: Bytes,
    gzip: bool,
    before: &MetadataBlock,
    behind: &MetadataBlock,
) -> Answer {
    let mut answer = with_metadata(bytes, before, behind.iter());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.name()));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// An error before any headers.
pub(super) fn error(status: &Status) -> Answer {
    failure(status, &MetadataBlock::new())
}

/// An error, and what came before it.
pub(super) fn failure(status: &Status, before: &MetadataBlock) -> Answer {
    let trailers = status.inner().trailers();
    let mut answer = with_metadata(text(status).into(), before, trailers.iter());
    *answer.status_mut() = http_status(status.code());
    let kind = HeaderValue::from_static(Kind::Json.name());
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

fn with_metadata<'b>(
    body: Bytes,
    before: &MetadataBlock,
    behind: impl Iterator<Item = (&'b str, &'b [u8])>,
) -> Answer {
    let mut answer = Response::new(Whole::of(body));
    let headers = answer.headers_mut();
    add_pairs(headers, before.iter().filter(|(key, _)| !is_of_http(key)));
    let trailers = behind.filter(|(key, _)| !is_of_http(key));
    let trailers: Vec<_> = trailers.map(|(key, value)| (format!("trailer-{key}"), value)).collect();
    add_pairs(headers, trailers.iter().map(|(key, value)| (&**key, *value)));
    answer
}

fn http_status(code: Code) -> StatusCode {
    let number = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
    };
    StatusCode::from_u16(number).expect("it is one")
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct Detailed {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

/// An error as JSON.
fn text(status: &Status) -> String {
    let code = match status.code() {
        Code::Cancelled => "canceled".to_owned(),
        code => code.name().to_ascii_lowercase(),
    };
    let mut text = format!("{{\"code\":\"{code}\",\"message\":");
    quote(status.message(), &mut text);
    // Details that cannot be read are nothing that a client could.
    let details = Detailed::decode(status.details()).unwrap_or_default().details;
    for (at, Detail { type_url, value }) in details.iter().enumerate() {
        text.push_str(if at == 0 { ",\"details\":[{\"type\":" } else { ",{\"type\":" });
        quote(type_url.rsplit('/').next().unwrap_or_default(), &mut text);
        text.push_str(",\"value\":\"");
        let encoded = BinaryMetadataValue::from_bytes(value);
        text.push_str(std::str::from_utf8(encoded.as_encoded_bytes()).expect("base64 is ASCII"));
        text.push_str("\"}");
    }
    text.push_str(if details.is_empty() { "}" } else { "]}" });
    text
}

/// Adds a string of JSON.
fn quote(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => to.extend(['\\', character]),
            '\0'..' ' => {
                write!(to, "\\u{:04x}", u32::from(character)).expect("memory takes all that is written")
            }
            _ => to.push(character),
        }
    }
    to.push('"');
}
