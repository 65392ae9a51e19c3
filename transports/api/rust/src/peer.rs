//! The other end of a link.

use std::sync::Arc;

/// The other end of a link, as the operating system vouches for it; what the peer says of itself is
/// not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The address of the connection, for people and errors, such as `unix:/run/app.sock`.
    pub address: Arc<str>,
    /// The peer's process id, where the transport can tell.
    pub process_id: Option<u32>,
    /// The peer's effective user id, where the transport can tell.
    pub user_id: Option<u32>,
    /// The peer's effective group id, where the transport can tell.
    pub group_id: Option<u32>,
}

impl Peer {
    /// A peer of whom only the address is known.
    pub fn at(address: impl Into<Arc<str>>) -> Peer {
        Peer { address: address.into(), process_id: None, user_id: None, group_id: None }
    }
}
