//! The serving side.

use std::sync::{Arc, Mutex, PoisonError};

use samehost_transport_api::{Acceptor, Fault, LinkError, Listener};
use samehost_transport_posix::ignore_sigpipe;
use samehost_transport_reception::ReceptionThread;

use crate::FifoOptions;
use crate::door::FifoDoor;
use crate::place::Place;
use crate::rendezvous::Rendezvous;

/// Listens at one rendezvous, with one thread.
pub(crate) struct FifoListener {
    place: Arc<Place>,
    options: FifoOptions,
    running: Mutex<Option<Running>>,
}

/// What lives while the listener listens.
struct Running {
    /// The path is given up before the FIFO is closed.
    rendezvous: Rendezvous,
    reception: ReceptionThread,
}

impl FifoListener {
    pub fn new(place: Place, options: FifoOptions) -> FifoListener {
        FifoListener { place: Arc::new(place), options, running: Mutex::new(None) }
    }
}

impl Listener for FifoListener {
    fn start(&self, acceptor: Arc<dyn Acceptor>) -> Result<(), LinkError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let address = self.address();
        if running.is_some() {
            return Err(Fault::ListenInUse.with(&[&address]));
        }
        ignore_sigpipe();
        let (rendezvous, fifo) = Rendezvous::take(&self.place)?;
        let door = FifoDoor::new(self.place.clone(), fifo);
        let reception = ReceptionThread::start(&address, self.options.hello_timeout, door, acceptor)?;
        *running = Some(Running { rendezvous, reception });
        Ok(())
    }

    fn address(&self) -> String {
        self.place.address.to_string()
    }

    fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { rendezvous, reception }) = running else { return };
        drop(rendezvous);
        reception.close();
    }
}

impl Drop for FifoListener {
    fn drop(&mut self) {
        self.close();
    }
}
