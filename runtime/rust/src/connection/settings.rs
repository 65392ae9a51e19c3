//! What a connection is made with.

use crate::wire::Hello;

/// What a [`Connection`](super::Connection) is made with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address of the connection, for the texts of faults.
    pub(crate) address: String,
    /// What this side says; its limits are what this side takes.
    pub(crate) hello: Hello,
    /// The bound of the link's outbound queue, in bytes: messages wait in their streams, and streams wait
    /// to be opened, while a quarter of it is taken; answers that cannot wait may take the rest.
    pub(crate) outbound_bytes: usize,
    /// A stream is ready for messages while fewer bytes than this wait in it.
    pub(crate) ready_bytes: usize,
    /// The longest frame that this side sends, so that streams interleave.
    pub(crate) piece_bytes: u32,
    /// How many bytes are skipped before the peer's preface.
    pub(crate) noise_bytes: usize,
    /// Whether an acceptor says HELLO before it has read the connector's.
    pub(crate) hello_first: bool,
    /// The id of the first stream that this side opens; `None` for the usual one.
    pub(crate) first_stream: Option<u32>,
}

impl Settings {
    /// The defaults of PROTOCOL.md.
    pub(crate) fn new(address: impl Into<String>, hello: Hello) -> Settings {
        Settings {
            address: address.into(),
            hello,
            outbound_bytes: 1 << 20,
            ready_bytes: 32 << 10,
            piece_bytes: 64 << 10,
            noise_bytes: 0,
            hello_first: false,
            first_stream: None,
        }
    }
}
