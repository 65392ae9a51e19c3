//! Settings.

use std::collections::BTreeSet;
use std::time::Duration;

/// Settings of the Unix socket transports, for channels and servers:
/// `Options::new().with(UnixOptions { any_user: true, ..UnixOptions::default() })`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixOptions {
    /// The ids of the users who may connect to a server, besides the one that it runs as; none by
    /// default. With any the mode of a `unix:` path is 0666 instead of 0600, and the check of each
    /// peer is what keeps the rest out.
    pub allowed_users: BTreeSet<u32>,
    /// Whether every user may connect to a server, with the mode 0666; false by default.
    pub any_user: bool,
    /// How long a client may take to send its first bytes to a server, and a server to say HELLO
    /// to a client; 5 seconds by default.
    pub hello_timeout: Duration,
}

impl Default for UnixOptions {
    fn default() -> UnixOptions {
        UnixOptions { allowed_users: BTreeSet::new(), any_user: false, hello_timeout: Duration::from_secs(5) }
    }
}
