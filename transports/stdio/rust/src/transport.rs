//! The transport.

use samehost_transport_api::{Address, Connector, Fault, LinkError, Listener, Options, Transport};

use crate::StdioOptions;
use crate::connector::StdioConnector;
use crate::listener::StdioListener;
use crate::words;

/// The transport of a child's standard input and output: `stdio:COMMAND` starts a child for each
/// link, and `stdio:` serves as the child. It makes connectors and listeners and holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdioTransport;

impl StdioTransport {
    /// The transport; there is but one kind.
    pub fn new() -> StdioTransport {
        StdioTransport
    }
}

impl Transport for StdioTransport {
    fn scheme(&self) -> &'static str {
        "stdio"
    }

    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        let malformed = |reason: &str| Fault::AddressMalformed.with(&[address, &reason]);
        let mut options = settings(options);
        if options.arguments.is_empty() {
            let words = words::split(address.rest()).map_err(malformed)?;
            options.arguments = words.into_iter().map(Into::into).collect();
        }
        if options.arguments.is_empty() {
            return Err(malformed("it has no command"));
        }
        if options.arguments.iter().any(|word| word.as_encoded_bytes().contains(&0)) {
            return Err(malformed("it has a NUL"));
        }
        Ok(Box::new(StdioConnector::new(address.clone(), options)))
    }

    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        if !address.rest().is_empty() {
            let reason = "a server is no command: the address of a child that serves is stdio: alone";
            return Err(Fault::AddressMalformed.with(&[address, &reason]));
        }
        Ok(Box::new(StdioListener::new(settings(options))))
    }
}

fn settings(options: &Options) -> StdioOptions {
    options.get::<StdioOptions>().cloned().unwrap_or_default()
}
