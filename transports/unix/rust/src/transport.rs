//! The transports.

use std::sync::Arc;

use samehost_transport_api::{Address, Connector, LinkError, Listener, Options, Transport};
use samehost_transport_reception::Upgrade;

use crate::UnixOptions;
use crate::connector::UnixConnector;
use crate::listener::UnixListener;
use crate::name::Name;

/// The transport of Unix sockets. It makes connectors and listeners and holds no connection.
#[derive(Clone)]
pub struct UnixTransport {
    scheme: &'static str,
    name_of: fn(&Address) -> Result<Name, LinkError>,
    upgrade: Option<Arc<dyn Upgrade>>,
}

impl UnixTransport {
    /// `unix:PATH`.
    pub fn new() -> UnixTransport {
        UnixTransport { scheme: "unix", name_of: Name::path_of, upgrade: None }
    }

    /// This transport, whose listeners go on in shared memory with clients that offer to.
    #[must_use]
    pub fn with_upgrade(self, upgrade: Arc<dyn Upgrade>) -> UnixTransport {
        UnixTransport { upgrade: Some(upgrade), ..self }
    }

    /// `unix-abstract:NAME`: sockets without a file, of which only Linux knows; elsewhere they fail. Any process of
    /// the same network namespace can take the name, so the check of the user is all that guards it.
    pub fn of_abstract_names() -> UnixTransport {
        UnixTransport { scheme: "unix-abstract", name_of: Name::abstract_of, upgrade: None }
    }
}

impl Default for UnixTransport {
    fn default() -> UnixTransport {
        UnixTransport::new()
    }
}

impl Transport for UnixTransport {
    fn scheme(&self) -> &'static str {
        self.scheme
    }

    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        let name = (self.name_of)(address)?;
        Ok(Box::new(UnixConnector::new(address.clone(), name, &settings(options))?))
    }

    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        let name = (self.name_of)(address)?;
        Ok(Box::new(UnixListener::new(address.clone(), name, settings(options), self.upgrade.clone())))
    }
}

fn settings(options: &Options) -> UnixOptions {
    options.get::<UnixOptions>().cloned().unwrap_or_default()
}
