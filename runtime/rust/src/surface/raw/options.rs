//! What a call takes along.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::call::outgoing::Request;
use crate::surface::Metadata;
use crate::surface::gzip::{ACCEPT_ENCODING, ENCODING, GZIP};

/// What a call takes along.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// Headers for the server.
    pub metadata: Metadata,
    /// The call fails with DEADLINE_EXCEEDED after so long; the server is told.
    pub timeout: Option<Duration>,
    /// Whether the call waits for a connection as long as it takes; `None`: as the channel does.
    pub wait_for_ready: Option<bool>,
    /// Compresses the messages. A server that does not know gzip fails the call.
    pub gzip: bool,
}

impl CallOptions {
    /// What a call by a path begins with.
    pub(super) fn request(self, path: Cow<'_, str>, wait_for_ready: bool) -> Request<'_> {
        let mut metadata = self.metadata.0;
        // The keys are good.
        if self.gzip {
            let _ = metadata.push(ENCODING, GZIP.as_bytes());
        }
        let _ = metadata.push(ACCEPT_ENCODING, GZIP.as_bytes());
        Request {
            path,
            metadata,
            deadline: deadline(self.timeout),
            wait_for_ready: self.wait_for_ready.unwrap_or(wait_for_ready),
        }
    }
}

/// A deadline so long from now; `None` for one beyond the clock's range, which is none.
fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(timeout?)
}
