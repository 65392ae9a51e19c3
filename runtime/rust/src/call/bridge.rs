//! Peers that speak another protocol, as links of the wire.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{FirstBytes, Link, LinkError};

use crate::wire::Limits;

/// Turns a connection to a peer that speaks another protocol into a link behind which a peer of the wire seems to be.
pub(crate) trait Bridge: Send + Sync {
    /// Judges the first bytes of a client.
    fn judge(&self, bytes: &[u8]) -> FirstBytes;

    /// A link by which the calls of a client come that speaks the protocol, to a server with these limits. Does not wait.
    /// `open` is dropped when the client's connection is closed.
    fn accept(
        &self,
        link: Arc<dyn Link>,
        server: Limits,
        open: Box<dyn Any + Send>,
    ) -> Result<Arc<dyn Link>, LinkError>;

    /// A link by which the calls of a client with these limits go to a server that speaks the protocol, once that has
    /// said its first words, which it may take so long for.
    fn connect(
        &self,
        link: Arc<dyn Link>,
        client: Limits,
        timeout: Duration,
    ) -> Result<Arc<dyn Link>, LinkError>;
}
