//! A transport inside one process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use samehost_transport_api::{
    Acceptor, Address, Connector, Fault, Link, LinkError, Listener, Options, Peer, Transport,
};
use samehost_transport_posix::{FdLink, errno_text, socket_pair};

/// Two ends of one link in this process, over a pair of sockets.
///
/// # Panics
/// When the system gives no sockets.
pub fn pair() -> (Arc<dyn Link>, Arc<dyn Link>) {
    let (left, right) = made("test-pair:").expect("a pair of sockets");
    (Arc::new(left), Arc::new(right))
}

fn made(address: &str) -> rustix::io::Result<(FdLink, FdLink)> {
    let (left, right) = socket_pair()?;
    Ok((FdLink::over(left, Peer::at(address))?, FdLink::over(right, Peer::at(address))?))
}

/// A transport whose links join two places of this process, for tests: `test-pair:NAME`. Clones
/// share their names, so that one may stand in a channel's registry and one in a server's. It is
/// made of the public interface alone, as one of another crate would be.
#[derive(Clone, Default)]
pub struct PairTransport {
    listening: Arc<Mutex<HashMap<String, Arc<dyn Acceptor>>>>,
}

impl PairTransport {
    /// A transport on which nobody listens yet.
    pub fn new() -> PairTransport {
        PairTransport::default()
    }

    fn end(&self, address: &Address) -> Result<End, LinkError> {
        if address.rest().is_empty() {
            return Err(Fault::AddressMalformed.with(&[address, &"it has no name"]));
        }
        let (address, closed) = (address.clone(), AtomicBool::new(false));
        Ok(End { transport: self.clone(), address, closed, mine: Mutex::default() })
    }

    fn with_names<T>(&self, act: impl FnOnce(&mut HashMap<String, Arc<dyn Acceptor>>) -> T) -> T {
        act(&mut self.listening.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for PairTransport {
    fn scheme(&self) -> &'static str {
        "test-pair"
    }

    fn connector(&self, address: &Address, _options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        Ok(Box::new(self.end(address)?))
    }

    fn listener(&self, address: &Address, _options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        Ok(Box::new(self.end(address)?))
    }
}

/// Either side of an address: it can connect, and listen.
struct End {
    transport: PairTransport,
    address: Address,
    /// Whether this connector was closed.
    closed: AtomicBool,
    /// The acceptor of this listener while it listens.
    mine: Mutex<Option<Arc<dyn Acceptor>>>,
}

impl Connector for End {
    fn connect(&self, _timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Fault::ChannelShutdown.with(&[&self.address]));
        }
        let acceptor = self.transport.with_names(|names| names.get(self.address.rest()).cloned());
        let acceptor = acceptor.ok_or_else(|| Fault::ConnectNoSuchFile.with(&[&self.address]))?;
        let (near, far) = made(&self.address.to_string()).map_err(|errno| {
            Fault::ConnectFailed.with(&[&self.address, &"socketpair", &errno_text(errno)])
        })?;
        acceptor.accepted(Arc::new(far), &[]);
        Ok(Arc::new(near))
    }

    fn hello_timeout(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

impl Listener for End {
    fn start(&self, acceptor: Arc<dyn Acceptor>) -> Result<(), LinkError> {
        self.transport.with_names(|names| {
            if names.contains_key(self.address.rest()) {
                return Err(Fault::ListenInUse.with(&[&self.address]));
            }
            names.insert(self.address.rest().to_owned(), acceptor.clone());
            *self.mine.lock().unwrap_or_else(PoisonError::into_inner) = Some(acceptor);
            Ok(())
        })
    }

    fn address(&self) -> String {
        self.address.to_string()
    }

    fn close(&self) {
        let mine = self.mine.lock().unwrap_or_else(PoisonError::into_inner).take();
        if mine.is_some() {
            self.transport.with_names(|names| names.remove(self.address.rest()));
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        Listener::close(self);
    }
}

#[cfg(test)]
mod tests {
    use samehost_transport_api::Registry;

    use super::*;
    use crate::RecordingAcceptor;

    #[test]
    fn a_transport_from_outside_the_tree_is_found_by_its_scheme() {
        let registry = Registry::new().with(PairTransport::new());
        let address: Address = "test-pair:here".parse().unwrap();
        assert_eq!(registry.find(&address).unwrap().scheme(), "test-pair");
        let strange: Address = "smoke:hill".parse().unwrap();
        let refusal = registry.find(&strange).err().unwrap();
        assert!(refusal.to_string().contains("found: test-pair."), "{refusal}");
    }

    #[test]
    fn a_name_is_reached_while_its_listener_lives_and_by_one_listener_alone() {
        let transport = PairTransport::new();
        let address: Address = "test-pair:here".parse().unwrap();
        let options = Options::new();
        let connect = || transport.connector(&address, &options).unwrap().connect(Duration::from_secs(1));
        assert_eq!(connect().err().unwrap().fault(), Fault::ConnectNoSuchFile);
        let acceptor = RecordingAcceptor::new(b"");
        let listener = transport.listener(&address, &options).unwrap();
        listener.start(acceptor.clone()).unwrap();
        let second = transport.listener(&address, &options).unwrap();
        assert_eq!(second.start(acceptor.clone()).unwrap_err().fault(), Fault::ListenInUse);
        drop(second);
        connect().unwrap();
        acceptor.next_link();
        drop(listener);
        assert_eq!(connect().err().unwrap().fault(), Fault::ConnectNoSuchFile);
    }

    #[test]
    fn a_closed_connector_makes_no_more_links_and_an_address_needs_a_name() {
        let transport = PairTransport::new();
        let options = Options::new();
        let connector = transport.connector(&"test-pair:here".parse().unwrap(), &options).unwrap();
        connector.close();
        let refusal = connector.connect(Duration::from_secs(1)).err().unwrap();
        assert_eq!(refusal.fault(), Fault::ChannelShutdown);
        let refusal = transport.listener(&"test-pair:".parse().unwrap(), &options).err().unwrap();
        assert_eq!(refusal.fault(), Fault::AddressMalformed);
    }
}
