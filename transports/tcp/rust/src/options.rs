//! Settings.

use std::time::Duration;

/// Settings of the TCP transport, for channels and servers:
/// `Options::new().with(TcpOptions { plain_text_beyond_host: true, ..TcpOptions::default() })`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    /// Whether addresses other than loopback ones are connected to and listened on, though nothing is
    /// encrypted and anyone may connect; false by default.
    pub plain_text_beyond_host: bool,
    /// How long a client may take to send its first bytes to a server, and a server to say HELLO
    /// to a client; 5 seconds by default.
    pub hello_timeout: Duration,
}

impl Default for TcpOptions {
    fn default() -> TcpOptions {
        TcpOptions { plain_text_beyond_host: false, hello_timeout: Duration::from_secs(5) }
    }
}
