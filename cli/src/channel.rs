//! The way to an address, and its end.

use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};
use samehost::raw::{Channel, ChannelBuilder};
use samehost::{ClientTls, FifoOptions, Options, Registry, Status, StdioOptions, TcpOptions, UnixOptions};

use crate::failure::Failure;
use crate::output::say;
use crate::reach::Reach;

/// How long a child is given to end, is asked to, and is killed, each; and a little.
const CHILD_ENDS: Duration = Duration::from_secs(5);

/// A channel to an address. Dropped, it is closed.
pub struct Way(Channel);

/// A channel to an address. What a child of `stdio:COMMAND` writes to its standard error is shown as it comes.
pub fn to(address: &str, reach: &Reach) -> Result<Way, Failure> {
    let options = Options::new().with(stdio()).with(reach.tcp());
    let builder = builder(address, reach.tls()?);
    Ok(Way(builder.transport_options(options).build()?))
}

/// The same by other transports, and with so much patience for whoever says nothing.
pub fn by(
    address: &str,
    reach: &Reach,
    tls: Option<ClientTls>,
    registry: Registry,
    patience: Duration,
) -> Result<Way, Status> {
    let options = Options::new()
        .with(StdioOptions { hello_timeout: patience, ..stdio() })
        .with(UnixOptions { hello_timeout: patience, ..UnixOptions::default() })
        .with(TcpOptions { hello_timeout: patience, ..reach.tcp() })
        .with(FifoOptions { hello_timeout: patience });
    let builder = builder(address, tls).registry(registry).connect_timeout(patience);
    Ok(Way(builder.transport_options(options).build()?))
}

fn builder(address: &str, tls: Option<ClientTls>) -> ChannelBuilder {
    let builder = Channel::builder(address);
    match tls {
        Some(tls) => builder.tls(tls),
        None => builder,
    }
}

fn stdio() -> StdioOptions {
    StdioOptions { stderr_lines: Some(Arc::new(|line: &str| say(line))), ..StdioOptions::default() }
}

impl Way {
    /// Who is at the other end of the connection, and what carries it; nothing where there is none.
    pub fn described(&self) -> Option<String> {
        let peer = self.peer()?;
        let numbers = [("pid", peer.process_id), ("uid", peer.user_id)];
        let told = numbers.iter().filter_map(|(name, number)| Some(format!("{name} {}", (*number)?)));
        let told: Vec<_> = told.chain(self.medium().map(|medium| medium.to_string())).collect();
        Some(match told.is_empty() {
            true => peer.address.to_string(),
            false => format!("{} ({})", peer.address, told.join(", ")),
        })
    }

    /// Ends its calls, and waits for the end of a child. May be repeated.
    pub fn close(&self) {
        let child = self.child();
        self.shut_down(true);
        let until = Instant::now() + CHILD_ENDS;
        // The library reaps it, and then there is no such process.
        while child.is_some_and(|child| test_kill_process(child).is_ok()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The child at the other end, where there is one.
    fn child(&self) -> Option<Pid> {
        let is_child = self.address().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("stdio:"));
        let id = self.peer().filter(|_| is_child)?.process_id?;
        Pid::from_raw(id.cast_signed())
    }
}

impl Deref for Way {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        &self.0
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.close();
    }
}
