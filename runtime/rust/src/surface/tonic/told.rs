//! What a handler is told of its call, besides the messages.

use std::time::Instant;

use http::{Extensions, HeaderMap, HeaderValue};

use super::medium::Medium;
use super::metadata::{TIMEOUT, add_to};
use super::timeout;
use crate::call::server_call::ServerCall;

/// The caller's metadata, which the call has no longer then, and the time that is left.
pub(super) fn headers(call: &mut ServerCall) -> HeaderMap {
    let mut headers = HeaderMap::new();
    add_to(&mut headers, &std::mem::take(&mut call.metadata));
    if let Some((deadline, _)) = call.deadline {
        let left = timeout::format(deadline.saturating_duration_since(Instant::now()));
        headers.insert(TIMEOUT, HeaderValue::try_from(left).expect("digits and a unit"));
    }
    headers
}

/// Who calls, and what carries the call.
pub(super) fn extensions(call: &ServerCall) -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(call.peer().clone());
    if let Some(medium) = Medium::of(call.medium()) {
        extensions.insert(medium);
    }
    extensions
}
