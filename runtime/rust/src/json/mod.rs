//! Calls of JSON over HTTP/1.1 at the addresses of the wire, by the unary protocol of Connect: `runtime/json/README.md`. A
//! bridge for servers, as that of HTTP/2.

mod accept;
mod answer;
mod body;
mod fields;
mod gateway;
mod pace;
#[cfg(feature = "json")]
mod reflected;
mod request;
mod transcoder;

use std::sync::Arc;

use samehost_transport_api::{Fault, FirstBytes, Link, LinkError};

use crate::call::bridge::{Accept, Open};
use crate::wire::{self, FirstWord, Limits};
#[cfg(feature = "json")]
pub use reflected::Descriptors;
pub use transcoder::Transcoder;

/// What carries the calls, for people.
const MEDIUM: &str = "JSON over HTTP/1.1";
/// How servers begin, which are no clients.
const ANSWER: &[u8] = b"HTTP/1.";

/// The bridge from clients that speak HTTP/1.1, whose messages this turns into bytes and back.
pub(crate) struct Json(pub(crate) Arc<dyn Transcoder>);

impl Accept for Json {
    fn judge(&self, bytes: &[u8]) -> FirstBytes {
        match wire::judge(bytes) {
            FirstWord::No(Fault::PeerHttp1) if !bytes.starts_with(ANSWER) => FirstBytes::Yes,
            FirstWord::More => FirstBytes::More,
            _ => FirstBytes::No,
        }
    }

    fn accept(
        &self,
        link: Arc<dyn Link>,
        server: Limits,
        open: Box<dyn Open>,
    ) -> Result<Arc<dyn Link>, LinkError> {
        accept::accept(link, server, self.0.clone(), open)
    }
}
