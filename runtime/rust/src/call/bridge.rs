//! Peers that speak another protocol, as links of the wire.

use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{FirstBytes, Link, LinkError};

use crate::wire::Limits;

/// Turns connections of clients that speak another protocol into links behind which clients of the wire seem to be.
pub(crate) trait Accept: Send + Sync {
    /// Judges the first bytes of a client.
    fn judge(&self, bytes: &[u8]) -> FirstBytes;

    /// A link by which the calls of a client come that speaks the protocol, to a server with these limits. Does not wait.
    /// `open` is dropped when the client's connection is closed.
    fn accept(
        &self,
        link: Arc<dyn Link>,
        server: Limits,
        open: Box<dyn Open>,
    ) -> Result<Arc<dyn Link>, LinkError>;
}

/// What a bridge has of the server for as long as a client's connection to it lasts.
pub(crate) trait Open: Send + Sync {
    /// Whether the server is to end at once, whatever its clients have still to read.
    fn is_hurried(&self) -> bool;
}

/// Those by which clients come to a server, of which one at most knows a client by its first bytes.
pub(crate) type Accepts = Arc<[Box<dyn Accept>]>;

/// Turns connections to servers that speak another protocol into links behind which servers of the wire seem to be.
pub(crate) trait Connect: Send + Sync {
    /// A link by which the calls of a client with these limits go to a server that speaks the protocol, once that has
    /// said its first words, which it may take so long for while it is `wanted`.
    fn connect(
        &self,
        link: Arc<dyn Link>,
        client: Limits,
        timeout: Duration,
        wanted: &dyn Fn() -> bool,
    ) -> Result<Arc<dyn Link>, LinkError>;
}
