//! What every surface's channel is built from.

use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{Address, Options, Registry};

use super::{Limits, Status, bridge, default_registry, with_credentials};
use crate::call::backoff::Backoff;
use crate::call::channel::{ChannelCore, ChannelHandle};
use crate::call::dial::{Dialer, MakeStarter};

/// The way that a channel is going to take: what the builders of all surfaces ask for. It connects nothing.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) address: String,
    pub(crate) limits: Limits,
    pub(crate) registry: Registry,
    pub(crate) options: Options,
    /// For TLS, where there are some.
    pub(crate) credentials: Options,
    pub(crate) connect_timeout: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) wait_for_ready: bool,
    pub(crate) spin_limit: Option<Duration>,
}

impl Route {
    /// The way to an address, with all defaults.
    pub(crate) fn to(address: String) -> Route {
        Route {
            address,
            limits: Limits { gzip: true, ..Limits::default() },
            registry: default_registry(),
            options: Options::new(),
            credentials: Options::new(),
            connect_timeout: Duration::from_secs(5),
            backoff: Backoff::default(),
            wait_for_ready: false,
            spin_limit: None,
        }
    }

    /// A channel that takes it, and the largest message that this side takes there.
    pub(crate) fn channel(self, make_starter: MakeStarter) -> Result<(Arc<ChannelHandle>, u32), Status> {
        let address: Address = self.address.parse()?;
        let transport = self.registry.find(&address)?;
        let options = with_credentials(&address, transport, &self.options, &self.credentials)?;
        let connector = transport.connector(&address, &options)?;
        let limits = self.limits.over(transport);
        let dialer = Dialer {
            connector,
            make_starter,
            connection: limits.settings(&self.address),
            connect_timeout: self.connect_timeout,
            backoff: self.backoff,
            spin_limit: self.spin_limit,
            bridge: bridge(),
        };
        let core = ChannelCore::new(self.address, dialer);
        Ok((ChannelHandle::new(core), limits.max_message_bytes()))
    }
}
