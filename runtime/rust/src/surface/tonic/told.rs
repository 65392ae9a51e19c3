//! What a handler is told of its call, besides the messages.

use std::time::Instant;

use http::{Extensions, HeaderMap, HeaderValue};

use super::medium::Medium;
use super::metadata::{TIMEOUT, add_pairs};
use super::timeout;
use crate::call::server_call::ServerCall;
use crate::surface::gzip::ACCEPT_ENCODING;

/// The caller's metadata, which the call has no longer then, and the time that is left.
pub(super) fn headers(call: &mut ServerCall) -> HeaderMap {
    headers_where(call, |_| true)
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
    let made = call.session().kept(|| {
        let mut extensions = Extensions::new();
        extensions.insert(call.peer().clone());
        if let Some(medium) = Medium::of(call.medium()) {
            extensions.insert(medium);
        }
        extensions
    });
    made.clone()
}
