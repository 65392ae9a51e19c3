//! Which fields of HTTP's heads are metadata.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::surface::Status;
use crate::surface::gzip::{ACCEPT_ENCODING, GZIP};
use crate::surface::metadata::{invalid_value, is_text};
use crate::surface::tonic::metadata::to_block;
use crate::wire::MetadataBlock;

/// The metadata among the headers of a request.
pub(super) fn metadata(headers: &HeaderMap) -> Result<MetadataBlock, Status> {
    let mut own = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| !is_of_http(name.as_str())) {
        match name.as_str().ends_with("-bin") {
            // HTTP lets several values of a name be one, with commas between.
            true => {
                for part in value.as_bytes().split(|byte| *byte == b',') {
                    let part = HeaderValue::from_bytes(part.trim_ascii());
                    own.append(name, part.expect("it is of a value"));
                }
            }
            false if is_text(value.as_bytes()) => {
                own.append(name, value.clone());
            }
            false => return Err(invalid_value(name.as_str())),
        }
    }
    if accepts_gzip(headers) {
        own.insert(HeaderName::from_static(ACCEPT_ENCODING), HeaderValue::from_static(GZIP));
    }
    to_block(own)
}

/// Whether a header is HTTP's own, or that of a protocol of calls, and no metadata.
pub(super) fn is_of_http(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "host",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "accept",
    ];
    const BEGINNINGS: [&str; 5] = ["proxy-", "content-", "accept-", "connect-", "grpc-"];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|word| {
        let (name, quality) = word.split_once(';').unwrap_or((word, ""));
        let never = quality
            .trim()
            .strip_prefix("q=0")
            .is_some_and(|rest| rest.bytes().all(|byte| b".0".contains(&byte)));
        name.trim().eq_ignore_ascii_case(GZIP) && !never
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_accepted_where_it_is_named() {
        let accepts = |said: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(said));
            accepts_gzip(&headers)
        };
        for said in ["gzip", "deflate, GZIP;q=0.5", "br,gzip"] {
            assert!(accepts(said), "{said}");
        }
        for said in ["", "*", "gzip;q=0", "gzip; q=0.0", "x-gzip"] {
            assert!(!accepts(said), "{said}");
        }
    }
}
