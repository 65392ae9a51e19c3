//! The other end of a link.

use std::fmt;
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
    /// Whether the connection is secret by TLS.
    pub tls: bool,
    /// The certificates that the peer has shown and that were accepted, where it has shown any by TLS.
    pub certificates: Option<PeerCertificates>,
}

/// The certificates that a peer has shown, each in DER: its own first, then those that lead to its authority.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PeerCertificates(Arc<[Vec<u8>]>);

impl PeerCertificates {
    /// Of these, if there are any.
    pub fn of(certificates: impl IntoIterator<Item = Vec<u8>>) -> Option<PeerCertificates> {
        let all: Arc<[Vec<u8>]> = certificates.into_iter().collect();
        (!all.is_empty()).then_some(PeerCertificates(all))
    }

    /// The peer's own.
    pub fn own(&self) -> &[u8] {
        &self.0[0]
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

impl fmt::Debug for PeerCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerCertificates of {} bytes", self.own().len())
    }
}

impl Peer {
    /// A peer of whom only the address is known.
    pub fn at(address: impl Into<Arc<str>>) -> Peer {
        Peer {
            address: address.into(),
            process_id: None,
            user_id: None,
            group_id: None,
            tls: false,
            certificates: None,
        }
    }
}
