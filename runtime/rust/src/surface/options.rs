//! What channels and servers have in common: limits, and where transports and bridges are found.

use std::sync::Arc;

use samehost_transport_api::{Address, Fault, LinkError, Options, Registry, Transport};
use samehost_transport_fifo::FifoTransport;
use samehost_transport_shm::{SharedMemory, ShmTransport};
use samehost_transport_stdio::StdioTransport;
use samehost_transport_tcp::TcpTransport;
use samehost_transport_unix::UnixTransport;

#[cfg(feature = "tonic")]
use super::Status;
use super::gzip::GZIP;
use crate::call::bridge::{Accept, Accepts, Connect};
use crate::connection::Settings;
use crate::wire::{self, Hello, VERSION};

/// How much the peer may send of each stream before it is read, where nothing else was asked for: as much as gRPC
/// grants in Java. With the quarter of it that HELLO means by saying nothing, a message of 1 MiB waits for credit.
const INITIAL_CREDIT: u32 = 1 << 20;

/// The limits of one side; zero stands for the default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) max_inbound_message_size: u32,
    pub(crate) max_inbound_metadata_size: u32,
    pub(crate) initial_credit: u32,
    pub(crate) max_streams: u32,
    /// Messages compressed by gzip are taken.
    pub(crate) gzip: bool,
}

impl Limits {
    /// The largest message that this side takes, the default in place of zero.
    pub(crate) fn max_message_bytes(&self) -> u32 {
        let hello = Hello { max_message_bytes: self.max_inbound_message_size, ..Hello::default() };
        wire::Limits::of(&hello).map_or(self.max_inbound_message_size, |limits| limits.max_message_bytes)
    }

    /// These limits over a transport, which has a default of its own for what was not set.
    pub(crate) fn over(mut self, transport: &dyn Transport) -> Limits {
        if self.max_inbound_message_size == 0 {
            self.max_inbound_message_size = transport.max_message_bytes();
        }
        self
    }

    /// What a connection is made with; its address is set by whoever makes the link.
    pub(crate) fn settings(&self, address: &str) -> Settings {
        let hello = Hello {
            min_version: VERSION,
            max_version: VERSION,
            implementation: concat!("samehost-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            pid: std::process::id().into(),
            pid_namespace: pid_namespace(),
            features: if self.gzip { vec![GZIP.to_owned()] } else { Vec::new() },
            initial_credit: if self.initial_credit == 0 { INITIAL_CREDIT } else { self.initial_credit },
            max_message_bytes: self.max_inbound_message_size,
            max_metadata_bytes: self.max_inbound_metadata_size,
            max_streams: self.max_streams,
            ..Hello::default()
        };
        Settings::new(address, hello)
    }
}

/// The inode of this process's pid namespace, by which a peer sees whether our pid is one of its own; 0 where
/// there is none.
fn pid_namespace() -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self/ns/pid").map_or(0, |metadata| metadata.ino())
}

/// How servers are reached that speak HTTP/2, where that was built in.
pub(crate) fn bridge() -> Option<&'static dyn Connect> {
    #[cfg(feature = "http2")]
    return Some(&crate::http2::Http2);
    #[cfg(not(feature = "http2"))]
    None
}

/// How clients come that speak another protocol: HTTP/2, where that was built in, and what a server was told besides.
pub(crate) fn bridges(more: Option<Box<dyn Accept>>) -> Accepts {
    #[cfg(feature = "http2")]
    let always: [Box<dyn Accept>; 1] = [Box::new(crate::http2::Http2)];
    #[cfg(not(feature = "http2"))]
    let always: [Box<dyn Accept>; 0] = [];
    always.into_iter().chain(more).collect()
}

/// The bridge to clients that speak JSON, with the types that these sets of file descriptors have, if there are any.
#[cfg(feature = "tonic")]
pub(crate) fn json(sets: &[Vec<u8>]) -> Result<Option<Box<dyn Accept>>, Status> {
    #[cfg(feature = "json")]
    if !sets.is_empty() {
        let descriptors = crate::json::Descriptors::of(sets.iter().map(Vec::as_slice))?;
        return Ok(Some(Box::new(crate::json::Json(Arc::new(descriptors)))));
    }
    let _ = sets;
    Ok(None)
}

/// The settings of a transport, with credentials for TLS where there are some: it has to take them.
pub(crate) fn with_credentials(
    address: &Address,
    transport: &dyn Transport,
    options: &Options,
    credentials: &Options,
) -> Result<Options, LinkError> {
    if !credentials.is_empty() && !transport.takes_tls() {
        return Err(Fault::TlsNotTaken.with(&[address, &address.scheme()]));
    }
    Ok(options.clone().and(credentials))
}

/// The transports of this tree.
pub(crate) fn default_registry() -> Registry {
    Registry::new()
        .with(StdioTransport::new())
        .with(ShmTransport::new())
        .with(UnixTransport::new().with_upgrade(Arc::new(SharedMemory::default())))
        .with(UnixTransport::of_abstract_names())
        .with(TcpTransport::new())
        .with(FifoTransport::new())
}
