//! What a call of a thread's takes along.

use std::time::Duration;

use crate::surface::Metadata;
use crate::surface::gzip::GZIP;
use crate::wire::MetadataBlock;

/// What a call takes along.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CallOptions {
    pub(super) timeout: Option<Duration>,
    pub(super) metadata: Metadata,
    pub(super) wait_for_ready: Option<bool>,
    pub(super) sends_compressed: bool,
    accepts_compressed: bool,
}

impl CallOptions {
    /// No deadline, no metadata, and the channel's own way to wait for a connection.
    pub fn new() -> CallOptions {
        CallOptions::default()
    }

    /// The call fails with DEADLINE_EXCEEDED after so long; the server is told.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Headers for the server.
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Whether the call waits for a connection as long as it takes, instead of failing when connecting fails.
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.wait_for_ready = Some(wait);
        self
    }

    /// Messages are sent compressed, by gzip, unless the call says otherwise of some:
    /// [`Call::compress`](super::Call::compress). A server that does not know gzip answers UNIMPLEMENTED.
    pub fn send_compressed(mut self) -> Self {
        self.sends_compressed = true;
        self
    }

    /// The server may compress its messages, by gzip.
    pub fn accept_compressed(mut self) -> Self {
        self.accepts_compressed = true;
        self
    }

    /// The headers of the request.
    #[inline]
    pub(super) fn headers(&self) -> MetadataBlock {
        if self.metadata.is_empty() && !self.sends_compressed && !self.accepts_compressed {
            return MetadataBlock::new();
        }
        let mut headers = self.metadata.0.clone();
        let encoding =
            [(self.sends_compressed, "grpc-encoding"), (self.accepts_compressed, "grpc-accept-encoding")];
        for (_, key) in encoding.iter().filter(|(told, _)| *told) {
            headers.push(key, GZIP.as_bytes()).expect("the key is a good one");
        }
        headers
    }
}
