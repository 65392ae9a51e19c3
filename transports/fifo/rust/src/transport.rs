//! The transport.

use samehost_transport_api::{Address, Connector, LinkError, Listener, Options, Transport};

use crate::FifoOptions;
use crate::connector::FifoConnector;
use crate::listener::FifoListener;
use crate::place::Place;

/// The transport `fifo:PATH`. It makes connectors and listeners and holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct FifoTransport;

impl FifoTransport {
    /// `fifo:PATH`.
    pub fn new() -> FifoTransport {
        FifoTransport
    }
}

impl Transport for FifoTransport {
    fn scheme(&self) -> &'static str {
        "fifo"
    }

    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        Ok(Box::new(FifoConnector::new(Place::of(address)?, &settings(options))?))
    }

    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        Ok(Box::new(FifoListener::new(Place::of(address)?, settings(options))))
    }
}

fn settings(options: &Options) -> FifoOptions {
    options.get::<FifoOptions>().cloned().unwrap_or_default()
}
