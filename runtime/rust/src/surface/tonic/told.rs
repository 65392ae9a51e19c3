//! What a handler is told of its call, besides the messages.

use std::sync::LazyLock;
use std::time::Instant;

use http::header::{CONTENT_TYPE, TE};
use http::{Extensions, HeaderMap, HeaderValue};

use super::caller::Registered;
use super::medium::Medium;
use super::metadata::{TIMEOUT, add_pairs};
use super::timeout;
use crate::call::server_call::ServerCall;
use crate::surface::gzip::ACCEPT_ENCODING;

/// The caller's metadata, which the call has no longer then, and the time that is left.
pub(super) fn headers(call: &mut ServerCall) -> HeaderMap {
    headers_where(call, |_| true)
}

/// As [`headers`], with those of HTTP that a service of any kind may look for.
pub(super) fn headers_of_http(call: &mut ServerCall) -> HeaderMap {
    static ALONE: LazyLock<HeaderMap> = LazyLock::new(|| {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers
    });
    if call.metadata.is_empty() && call.deadline.is_none() {
        return ALONE.clone();
    }
    let mut headers = headers(call);
    for (name, value) in &*ALONE {
        headers.insert(name, value.clone());
    }
    headers
}

/// As [`headers`], for a handler whose answer is never compressed: clients in Java and in Python say with every call
/// that they would take it so, which tells the handler nothing, and costs a map of headers where there is nothing else.
pub(super) fn headers_of_plain(call: &mut ServerCall) -> HeaderMap {
    headers_where(call, |key| key != ACCEPT_ENCODING)
}

fn headers_where(call: &mut ServerCall, wanted: impl Fn(&str) -> bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let metadata = std::mem::take(&mut call.metadata);
    add_pairs(&mut headers, metadata.iter().filter(|(key, _)| wanted(key)));
    if let Some((deadline, _)) = call.deadline {
        let left = timeout::format(deadline.saturating_duration_since(Instant::now()));
        headers.insert(TIMEOUT, HeaderValue::try_from(left).expect("digits and a unit"));
    }
    headers
}

/// Who calls, and what carries the call: the same for all calls of a connection, of which each has its own copy. A copy
/// takes 390 instructions, and to make them anew 520.
pub(super) fn extensions(call: &ServerCall) -> Extensions {
    let (made, _) = call.session().kept(|| {
        let (mut extensions, registered) = (Extensions::new(), Registered::of(call.session()));
        extensions.insert(registered.peer().clone());
        if let Some(certificates) = &registered.peer().certificates {
            extensions.insert(certificates.clone());
        }
        if let Some(medium) = Medium::of(call.medium()) {
            extensions.insert(medium);
        }
        (extensions, registered)
    });
    made.clone()
}
