//! Settings.

use std::time::Duration;

/// Settings of the FIFO transport, for channels and servers:
/// `Options::new().with(FifoOptions { hello_timeout, ..FifoOptions::default() })`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FifoOptions {
    /// How long a client may take to send its first bytes to a server, and a server to say HELLO
    /// to a client; 5 seconds by default.
    pub hello_timeout: Duration,
}

impl Default for FifoOptions {
    fn default() -> FifoOptions {
        FifoOptions { hello_timeout: Duration::from_secs(5) }
    }
}
