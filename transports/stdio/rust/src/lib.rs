//! A child process, over its standard input and output: `stdio:COMMAND` in the host, `stdio:` in the
//! child.
//!
//! How a child begins and ends, its promises and its limits stand in the folder's `README.md`.

mod child;
mod connector;
mod ending;
mod host_link;
mod keeper;
mod listener;
mod options;
mod parent_link;
mod standard;
mod stderr;
mod teller;
mod transport;
mod watchman;
mod words;

pub use listener::take_standard_streams;
pub use options::{StderrLines, StdioOptions};
pub use transport::StdioTransport;
