//! Transports that keep what a peer says first, so that its HELLO can be told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use samehost::transport::{
    Address, Connector, Descriptors, Interest, Link, LinkError, Listener, Options, Peer, Read, Registry,
    Transport,
};
use samehost::{FifoTransport, ShmTransport, StdioTransport, TcpTransport, UnixTransport};

/// A peer's noise, preface and HELLO take no more.
const KEPT: usize = 128 << 10;

/// What was read first of the newest link.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<Vec<u8>>>);

impl Tap {
    /// What was read so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transports of samehost with this tap.
    pub fn registry(&self) -> Registry {
        Registry::new()
            .with(self.on(StdioTransport::new()))
            .with(self.on(ShmTransport::new()))
            .with(self.on(UnixTransport::new()))
            .with(self.on(UnixTransport::of_abstract_names()))
            .with(self.on(TcpTransport::new()))
            .with(self.on(FifoTransport::new()))
    }

    fn on<T>(&self, transport: T) -> Tapped<T> {
        Tapped { tap: self.clone(), transport }
    }
}

struct Tapped<T> {
    tap: Tap,
    transport: T,
}

impl<T: Transport> Transport for Tapped<T> {
    fn scheme(&self) -> &'static str {
        self.transport.scheme()
    }

    fn takes_tls(&self) -> bool {
        self.transport.takes_tls()
    }

    fn max_message_bytes(&self) -> u32 {
        self.transport.max_message_bytes()
    }

    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        let connector = self.transport.connector(address, options)?;
        Ok(Box::new(TappedConnector { tap: self.tap.clone(), connector }))
    }

    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        self.transport.listener(address, options)
    }
}

struct TappedConnector {
    tap: Tap,
    connector: Box<dyn Connector>,
}

impl Connector for TappedConnector {
    fn connect(&self, timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        let link = self.connector.connect(timeout)?;
        self.tap.lock().clear();
        Ok(Arc::new(TappedLink { tap: self.tap.clone(), link }))
    }

    fn hello_timeout(&self) -> Duration {
        self.connector.hello_timeout()
    }

    fn noise_limit(&self) -> usize {
        self.connector.noise_limit()
    }

    fn close(&self) {
        self.connector.close();
    }
}

struct TappedLink {
    tap: Tap,
    link: Arc<dyn Link>,
}

impl Link for TappedLink {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let read = self.link.read(buffer)?;
        if let Read::Bytes(number) = read {
            let mut kept = self.tap.lock();
            let more = KEPT.saturating_sub(kept.len()).min(number);
            kept.extend(&buffer[..more]);
        }
        Ok(read)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.link.write(bytes)
    }

    fn wait(&self, interest: Interest, timeout: Option<Duration>) -> Result<Interest, LinkError> {
        self.link.wait(interest, timeout)
    }

    fn wake(&self) {
        self.link.wake();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        self.link.descriptors()
    }

    fn look(&self) -> bool {
        self.link.look()
    }

    fn can_look(&self) -> bool {
        self.link.can_look()
    }

    fn peer(&self) -> &Peer {
        self.link.peer()
    }

    fn medium(&self) -> String {
        self.link.medium()
    }

    fn limit_spin(&self, limit: Duration) {
        self.link.limit_spin(limit);
    }

    fn peer_said_hello(&self, pid: u64, pid_namespace: u64) {
        self.link.peer_said_hello(pid, pid_namespace);
    }

    fn explain(&self, failure: LinkError) -> LinkError {
        self.link.explain(failure)
    }

    fn explain_silence(&self, failure: LinkError, skipped: &[u8], skipped_bytes: u64) -> LinkError {
        self.link.explain_silence(failure, skipped, skipped_bytes)
    }
}
