//! One run of a client program.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use samehost::{Channel, ChannelBuilder, Options};
use samehost_transport_fifo::FifoOptions;
use samehost_transport_stdio::StdioOptions;
use samehost_transport_tcp::TcpOptions;
use samehost_transport_unix::UnixOptions;
use tempfile::TempDir;

use super::started::Started;
use crate::secret;
use crate::suite::{Catalogue, Limits, Mismatch, Step, Suite, TransportUse, fill};

/// Longer than the name of any socket may be.
const LONG_NAME: usize = 120;

/// One run of a client program: its address, its data, a folder of its own, and the channel that
/// cases share. Cases run one after the other.
pub(super) struct Session {
    pub(super) address: String,
    pub(super) server_language: String,
    pub(super) suite: Suite,
    pub(super) catalogue: Catalogue,
    transport: TransportUse,
    scratch: TempDir,
    shared: Mutex<Option<Channel>>,
    names: AtomicU32,
    said: Mutex<Vec<String>>,
}

impl Session {
    pub(super) fn new(address: &str, server_language: &str, suite: Suite) -> Result<Session, String> {
        let scheme = address.split_once(':').map_or(address, |(scheme, _)| scheme);
        Ok(Session {
            transport: suite.transport(scheme)?,
            catalogue: suite.catalogue()?,
            scratch: tempfile::Builder::new()
                .prefix("interop")
                .tempdir()
                .map_err(|error| error.to_string())?,
            address: address.to_owned(),
            server_language: server_language.to_owned(),
            suite,
            shared: Mutex::new(None),
            names: AtomicU32::new(0),
            said: Mutex::new(Vec::new()),
        })
    }

    /// The name of the address's transport.
    pub(super) fn transport(&self) -> &str {
        &self.transport.name
    }

    /// The session's own folder.
    pub(super) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The channel that cases share.
    pub(super) fn channel(&self) -> Result<Channel, Mismatch> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = &*shared {
            return Ok(channel.clone());
        }
        let channel = open(&self.address, None)?;
        *shared = Some(channel.clone());
        Ok(channel)
    }

    /// Gives the shared channel up: the next case gets a new one.
    pub(super) fn discard_channel(&self) {
        if let Some(channel) = self.shared.lock().unwrap_or_else(PoisonError::into_inner).take() {
            channel.shutdown_now();
        }
    }

    /// Notes a text that belongs to the case, for people and to be compared with another language's.
    pub(super) fn say(&self, text: String) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// What was said since the last time.
    pub(super) fn take_said(&self) -> Vec<String> {
        std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether what a case needs is so.
    pub(super) fn has(&self, need: &str) -> bool {
        match need {
            "unprivileged" => !rustix::process::geteuid().is_root(),
            _ => false,
        }
    }

    /// The address that a step names, or else the session's.
    pub(super) fn address_of(&self, step: &Step) -> String {
        let Some(address) = &step.address else {
            return self.address.clone();
        };
        let path = |name: &str| self.suite.path(name).to_string_lossy().into_owned();
        let values = [
            ("folder", &*self.folder().to_string_lossy()),
            ("file", &*path("suites/faults.json")),
            ("peer", &format!("python3 {}", quoted(&path("peers/peer.py")))),
            ("wrapper", &format!("python3 {}", quoted(&path("peers/wrapper.py")))),
            ("command", &self.command()),
            ("port", &closed_port().to_string()),
            ("long", &"x".repeat(LONG_NAME)),
        ];
        fill(address, &values)
    }

    /// How a server of the session's language is started, its address missing.
    pub(super) fn command(&self) -> String {
        format!("{} {}", quoted(&self.suite.path("server").to_string_lossy()), self.server_language)
    }

    /// A name that no other call, file or process of this session has.
    pub(super) fn name(&self, prefix: &str) -> String {
        format!("{prefix}-{}-{}", std::process::id(), self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a client starts its own server.
    pub(super) fn spawns(&self) -> bool {
        self.transport.spawns()
    }

    /// A server of its own for a case; on a transport whose clients start it, only its address.
    pub(super) fn victim(&self, name: &str) -> Victim<'_> {
        let folder = self.folder().to_string_lossy();
        let command = self.command();
        let port = closed_port().to_string();
        let values = [("folder", &*folder), ("name", name), ("port", &*port), ("command", &*command)];
        Victim {
            session: self,
            address: fill(&self.transport.client, &values),
            server_address: fill(&self.transport.server, &values),
        }
    }
}

/// A port of this host at which nobody listens, and that the system gives to nobody who asks for any.
fn closed_port() -> u16 {
    let from = 10_000 + (std::process::id() % 20_000) as u16;
    let mut ports = (from..from + 2_000).skip(PORTS.fetch_add(1, Ordering::Relaxed) as usize);
    ports.find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok()).expect("a port is free")
}

/// How many ports were asked for.
static PORTS: AtomicU32 = AtomicU32::new(0);

/// A server that a case may kill.
pub(super) struct Victim<'a> {
    session: &'a Session,
    /// Where a client reaches it.
    pub(super) address: String,
    server_address: String,
}

impl Victim<'_> {
    /// Starts it, where a client does not do so by connecting, and waits until it is ready. It is killed when
    /// the answer is dropped.
    pub(super) async fn start(&self) -> Result<Option<Started>, Mismatch> {
        if self.session.spawns() {
            return Ok(None);
        }
        let program = self.session.suite.path("server");
        let mut server =
            Started::start(&program, &[&self.session.server_language, "--address", &self.server_address])?;
        server.line("READY").await?;
        Ok(Some(server))
    }
}

/// Makes channels to an address, with credentials where there are some for it.
pub(super) fn builder(address: &str) -> Result<ChannelBuilder, samehost::Status> {
    let builder = Channel::builder(address);
    let tls = secret::of_client(address).map_err(unreadable)?;
    Ok(match tls {
        Some(tls) => builder.tls(tls),
        None => builder,
    })
}

/// Of credentials.
pub(super) fn unreadable(error: std::io::Error) -> samehost::Status {
    samehost::Status::new(samehost::Code::InvalidArgument, error.to_string())
}

/// A new channel.
pub(super) fn open(address: &str, limits: Option<&Limits>) -> Result<Channel, samehost::Status> {
    let mut builder = builder(address)?;
    if let Some(bytes) = limits.and_then(|limits| limits.max_message_bytes) {
        builder = builder.max_inbound_message_size(bytes);
    }
    if let Some(bytes) = limits.and_then(|limits| limits.max_metadata_bytes) {
        builder = builder.max_inbound_metadata_size(bytes);
    }
    if let Some(millis) = limits.and_then(|limits| limits.connect_timeout_ms) {
        builder = builder.connect_timeout(Duration::from_millis(millis));
    }
    if let Some(millis) = limits.and_then(|limits| limits.hello_timeout_ms) {
        let hello_timeout = Duration::from_millis(millis);
        builder = builder.transport_options(
            Options::new()
                .with(FifoOptions { hello_timeout })
                .with(TcpOptions { hello_timeout, ..TcpOptions::default() })
                .with(UnixOptions { hello_timeout, ..UnixOptions::default() })
                .with(StdioOptions { hello_timeout, ..StdioOptions::default() }),
        );
    }
    builder.build()
}

pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
