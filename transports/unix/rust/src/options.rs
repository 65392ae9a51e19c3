//! Settings.

use std::time::Duration;

/// Settings of the Unix socket transports, for channels and servers:
/// `Options::new().with(UnixOptions { any_user: true, ..UnixOptions::default() })`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixOptions {
    /// Whether a server takes clients of other users; the socket's mode is then 0666 instead of
    /// 0600. By default only processes of the server's own effective user may connect.
    pub any_user: bool,
    /// How long a client may take to send its first bytes to a server, and a server to say HELLO
    /// to a client; 5 seconds by default.
    pub hello_timeout: Duration,
}

impl Default for UnixOptions {
    fn default() -> UnixOptions {
        UnixOptions { any_user: false, hello_timeout: Duration::from_secs(5) }
    }
}
