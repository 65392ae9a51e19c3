//! The way to an address.

use std::sync::Arc;

use samehost::raw::Channel;
use samehost::{Options, Status, StdioOptions};

use crate::output::say;

/// A channel to an address. What a child of `stdio:COMMAND` writes to its standard error is shown as it comes.
pub fn to(address: &str) -> Result<Channel, Status> {
    let stdio =
        StdioOptions { stderr_lines: Some(Arc::new(|line: &str| say(line))), ..StdioOptions::default() };
    Channel::builder(address).transport_options(Options::new().with(stdio)).build()
}

/// Who is at the other end of a connection, and what carries it; nothing where there is none.
pub fn described(channel: &Channel) -> Option<String> {
    let peer = channel.peer()?;
    let numbers = [("pid", peer.process_id), ("uid", peer.user_id)];
    let told = numbers.iter().filter_map(|(name, number)| Some(format!("{name} {}", (*number)?)));
    let medium = channel.medium().map(|medium| format!("over {medium}"));
    let told: Vec<_> = told.chain(medium).collect();
    Some(match told.is_empty() {
        true => peer.address.to_string(),
        false => format!("{} ({})", peer.address, told.join(", ")),
    })
}
