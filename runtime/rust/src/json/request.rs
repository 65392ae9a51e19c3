//! What the head of a request asks for, or why it is refused before anything is called.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use samehost_transport_api::Code;

use super::answer::{Answer, Kind, error};
use super::fields::metadata;
use crate::surface::Status;
use crate::wire::MetadataBlock;

const PAGES: &str = "is refused: services of one host are not for pages of the web";
const CALLS: &str = "POST a message to /package.Service/Method";

/// What a request asks for.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) metadata: MetadataBlock,
    pub(super) deadline: Option<Instant>,
    /// The body is compressed.
    pub(super) gzip: bool,
}

impl Asked {
    /// What a request asks for. Of the network in plain text it must have a host that is nobody else's name.
    pub(super) fn of(head: &Parts, of_network: bool) -> Result<Asked, Box<Answer>> {
        let headers = &head.headers;
        if let Some(origin) = headers.get(header::ORIGIN) {
            let text = format!("a request with origin {} {PAGES}", shown(origin.as_bytes()));
            return Err(error(&Status::new(Code::PermissionDenied, text)).into());
        }
        if of_network {
            known_host(&head.uri, headers)?;
        }
        if head.method != Method::POST {
            let text = format!("{} is not served: {CALLS}", head.method);
            let mut answer = refused(StatusCode::METHOD_NOT_ALLOWED, text);
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            return Err(answer.into());
        }
        let path = head.uri.path();
        if !is_method(path) {
            let text = format!("nothing is at {path}: {CALLS}");
            return Err(refused(StatusCode::NOT_FOUND, text).into());
        }
        let Some(kind) = Kind::of(headers) else {
            let what = headers
                .get(header::CONTENT_TYPE)
                .filter(|said| !said.is_empty())
                .map_or("a request without content-type".into(), |said| {
                    format!("content-type {}", shown(said.as_bytes()))
                });
            let text = format!("{what} is not taken: say application/json or application/proto");
            let mut answer = refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
            let kinds = HeaderValue::from_static("application/json, application/proto");
            answer.headers_mut().insert("accept-post", kinds);
            return Err(answer.into());
        };
        Asked::with(path, kind, headers).map_err(|status| error(&status).into())
    }

    fn with(path: &str, kind: Kind, headers: &HeaderMap) -> Result<Asked, Status> {
        let invalid = |text: String| Status::new(Code::InvalidArgument, text);
        if let Some(version) = headers.get("connect-protocol-version")
            && version != "1"
        {
            return Err(invalid(format!("connect-protocol-version is 1, not {}", shown(version.as_bytes()))));
        }
        let deadline = match headers.get("connect-timeout-ms") {
            None => None,
            Some(text) => {
                let left = millis(text).ok_or_else(|| {
                    let said = shown(text.as_bytes());
                    invalid(format!("connect-timeout-ms is a number of at most ten digits, not {said}"))
                })?;
                Instant::now().checked_add(left)
            }
        };
        let gzip = match headers.get(header::CONTENT_ENCODING).map_or(&b"identity"[..], HeaderValue::as_bytes)
        {
            b"identity" => false,
            b"gzip" => true,
            other => {
                let text = format!("content-encoding {} is not taken", shown(other));
                return Err(Status::new(Code::Unimplemented, text));
            }
        };
        let metadata = metadata(headers).map_err(|status| invalid(status.message().to_owned()))?;
        Ok(Asked { path: path.to_owned(), kind, metadata, deadline, gzip })
    }
}

fn shown(value: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(value)
}

/// A refusal of what is no call.
fn refused(code: StatusCode, text: String) -> Answer {
    let mut answer = error(&Status::new(Code::Unimplemented, text));
    *answer.status_mut() = code;
    answer
}

/// Whether a path is `/SERVICE/METHOD`.
fn is_method(path: &str) -> bool {
    let names = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    names.is_some_and(|(service, method)| !service.is_empty() && !method.is_empty() && !method.contains('/'))
}

/// Refuses a host by a name of others: one that a page's owner has made to lead here.
fn known_host(uri: &Uri, headers: &HeaderMap) -> Result<(), Box<Answer>> {
    let named = uri.authority().map(|authority| authority.as_str().as_bytes());
    let said = headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    for host in named.into_iter().chain(said) {
        if !is_local(host) {
            let text = format!("a request to host {} {PAGES}; say localhost, or an address", shown(host));
            return Err(error(&Status::new(Code::PermissionDenied, text)).into());
        }
    }
    Ok(())
}

/// Whether a host, with a port or without, is an IP address, or a name that is this host's everywhere.
fn is_local(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    let port = |rest: &str| {
        rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    };
    if let Some((address, rest)) = host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        return port(rest) && address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    }
    let (name, rest) = host.split_at(host.find(':').unwrap_or(host.len()));
    let name = name.to_ascii_lowercase();
    port(rest) && (name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok())
}

fn millis(text: &HeaderValue) -> Option<Duration> {
    let digits = text.to_str().ok().filter(|text| text.len() <= 10)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?;
    number.map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_this_one_by_its_address_or_by_a_name_that_no_other_has() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "app.localhost:65535",
            "127.0.0.1",
            "127.8.9.1:4000",
            "10.1.2.3",
            "[::1]",
            "[::1]:80",
        ] {
            assert!(is_local(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            "localhost:",
            "localhost:99999",
            "127.0.0.1.example.org",
            "notlocalhost",
            "[::1",
            "[127.0.0.1]",
            "[localhost]",
            "localhost@example.org",
            "1.2.3",
        ] {
            assert!(!is_local(host.as_bytes()), "{host}");
        }
    }
}
