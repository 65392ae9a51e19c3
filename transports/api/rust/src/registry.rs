//! Finding a transport by its scheme.

use std::sync::Arc;

use crate::{Address, Fault, LinkError, Transport};

/// The transports that a program has, by scheme. A crate outside this tree adds its own.
#[derive(Clone, Default)]
pub struct Registry {
    transports: Vec<Arc<dyn Transport>>,
}

impl Registry {
    /// A registry with no transport.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// This registry and one more transport, which replaces one of the same scheme.
    #[must_use]
    pub fn with(mut self, transport: impl Transport + 'static) -> Registry {
        self.transports.retain(|known| known.scheme() != transport.scheme());
        self.transports.push(Arc::new(transport));
        self
    }

    /// The transport whose scheme the address has.
    pub fn find(&self, address: &Address) -> Result<&dyn Transport, LinkError> {
        if let Some(found) = self.transports.iter().find(|known| known.scheme() == address.scheme()) {
            return Ok(&**found);
        }
        let mut schemes: Vec<_> = self.transports.iter().map(|known| known.scheme()).collect();
        schemes.sort_unstable();
        let schemes = if schemes.is_empty() { "none".to_owned() } else { schemes.join(", ") };
        Err(Fault::SchemeUnknown.with(&[&address, &address.scheme(), &schemes]))
    }
}
