//! The transport.

use std::sync::Arc;

use samehost_transport_api::{Address, Connector, LinkError, Listener, Options, Transport};
use samehost_transport_unix::{UnixConnector, UnixListener, UnixOptions};

use crate::connector::ShmConnector;
use crate::{SharedMemory, ShmOptions};

/// The transport `shm:PATH`. Its listeners are those of `unix:PATH`, which take clients of both. It
/// holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShmTransport;

impl ShmTransport {
    /// `shm:PATH`.
    pub fn new() -> ShmTransport {
        ShmTransport
    }
}

impl Transport for ShmTransport {
    fn scheme(&self) -> &'static str {
        "shm"
    }

    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        let socket = UnixConnector::to_path(address, &of_socket(options))?;
        Ok(Box::new(ShmConnector::new(address.clone(), socket, settings(options))))
    }

    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        let memory = Arc::new(SharedMemory::of(&settings(options)));
        Ok(Box::new(UnixListener::at_path(address, of_socket(options), Some(memory))?))
    }
}

fn settings(options: &Options) -> ShmOptions {
    options.get::<ShmOptions>().cloned().unwrap_or_default()
}

fn of_socket(options: &Options) -> UnixOptions {
    options.get::<UnixOptions>().cloned().unwrap_or_default()
}
