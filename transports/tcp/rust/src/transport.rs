//! The transport.

use samehost_transport_api::{Address, Connector, LinkError, Listener, Options, Transport};

use crate::connector::TcpConnector;
use crate::listener::TcpListener;
use crate::place::Place;
use crate::{TcpOptions, secret};

/// gRPC's own limit: the other side may be another host's.
const MAX_MESSAGE_BYTES: u32 = 4 << 20;

/// The transport `tcp:HOST:PORT`. It makes connectors and listeners and holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpTransport;

impl TcpTransport {
    /// `tcp:HOST:PORT`; IPv6 addresses stand in brackets.
    pub fn new() -> TcpTransport {
        TcpTransport
    }
}

impl Transport for TcpTransport {
    fn scheme(&self) -> &'static str {
        "tcp"
    }

    fn max_message_bytes(&self) -> u32 {
        MAX_MESSAGE_BYTES
    }

    fn takes_tls(&self) -> bool {
        cfg!(feature = "tls")
    }

    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        let (settings, (secret, _)) = (settings(options), secret::are_wanted(options));
        let place = Place::of_server(address, &settings, secret)?;
        let greeter = secret::greeter(&place, options)?;
        Ok(Box::new(TcpConnector::new(place, &settings, greeter)?))
    }

    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        let (settings, (_, secret)) = (settings(options), secret::are_wanted(options));
        let place = Place::of(address, &settings, secret)?;
        let acceptance = secret::acceptance(address, options)?;
        Ok(Box::new(TcpListener::new(place, settings, acceptance)))
    }
}

fn settings(options: &Options) -> TcpOptions {
    options.get::<TcpOptions>().cloned().unwrap_or_default()
}
