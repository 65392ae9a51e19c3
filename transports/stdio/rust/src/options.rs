//! Settings.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Takes each line that a child writes to its standard error, without its end. It is called by a
/// thread of its own; while it waits, a few hundred further lines wait, and then the child does that
/// writes them. One that panics is not called again.
pub type StderrLines = Arc<dyn Fn(&str) + Send + Sync>;

/// Settings of the stdio transport, for the host's channels and the child's server:
/// `Options::new().with(StdioOptions { grace: Duration::ZERO, ..StdioOptions::default() })`.
#[derive(Clone)]
pub struct StdioOptions {
    /// In the host: the program and its arguments, instead of the words of the address, which then
    /// only names the child in errors. Empty by default.
    pub arguments: Vec<OsString>,
    /// In the host: variables that are set in the child's environment besides the host's.
    pub environment: Vec<(OsString, OsString)>,
    /// In the host: the folder that the child starts in; the host's by default.
    pub folder: Option<PathBuf>,
    /// In the host: who takes the lines that the child writes to its standard error. By default
    /// they are logged by `tracing`, at the level INFO.
    pub stderr_lines: Option<StderrLines>,
    /// In the host: how long a child may take to say HELLO; 30 seconds by default.
    pub hello_timeout: Duration,
    /// In the host: how many bytes a child may print before its preface; 65,536 by default.
    pub noise_limit: usize,
    /// In the host: how long a child may take to end after its standard input has ended, and again
    /// after SIGTERM, before it is killed; 2 seconds by default.
    pub grace: Duration,
    /// In the child: whether this process ends when its host has closed its standard input or has
    /// died, even while its own code is busy; so it does by default.
    pub exit_with_host: bool,
    /// In the child: how long this process may take to end by itself then; 500 ms by default.
    pub exit_grace: Duration,
}

impl Default for StdioOptions {
    fn default() -> StdioOptions {
        StdioOptions {
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            stderr_lines: None,
            hello_timeout: Duration::from_secs(30),
            noise_limit: 65_536,
            grace: Duration::from_secs(2),
            exit_with_host: true,
            exit_grace: Duration::from_millis(500),
        }
    }
}

impl fmt::Debug for StdioOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioOptions")
            .field("arguments", &self.arguments)
            .field("environment", &self.environment.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("folder", &self.folder)
            .field("stderr_lines", &self.stderr_lines.as_ref().map(|_| "set"))
            .field("hello_timeout", &self.hello_timeout)
            .field("noise_limit", &self.noise_limit)
            .field("grace", &self.grace)
            .field("exit_with_host", &self.exit_with_host)
            .field("exit_grace", &self.exit_grace)
            .finish()
    }
}
