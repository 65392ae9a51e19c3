//! The listening side: memory for those who offer to use it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;
use samehost_transport_api::{Fault, LinkError, Peer};
use samehost_transport_posix::system_fault;
use samehost_transport_reception::{Offer, Prepared, Upgrade, Upgraded};

use crate::ShmOptions;
use crate::layout::{Side, ring_size_for};
use crate::link::ShmLink;
use crate::region::Region;
use crate::sockets::second_pair;

/// Gives the clients of a Unix socket's listener shared memory. It keeps none of it.
#[derive(Clone, Debug)]
pub struct SharedMemory {
    most_ring_bytes: u32,
}

impl SharedMemory {
    /// Memory with rings of at most the size that the options name.
    pub fn of(options: &ShmOptions) -> SharedMemory {
        SharedMemory { most_ring_bytes: options.ring_bytes }
    }
}

impl Default for SharedMemory {
    fn default() -> SharedMemory {
        SharedMemory::of(&ShmOptions::default())
    }
}

impl Upgrade for SharedMemory {
    fn prepare(&self, offer: Offer) -> Result<Box<dyn Prepared>, (&'static str, Errno)> {
        let ring_bytes = ring_size_for(offer.ring_bytes, self.most_ring_bytes);
        let (region, memory) = Region::create(ring_bytes).map_err(|errno| ("memfd_create", errno))?;
        let (own, peers) = second_pair().map_err(|errno| ("socketpair", errno))?;
        Ok(Box::new(Given { region, memory, own, peers, ring_bytes }))
    }
}

/// Memory for one client.
struct Given {
    region: Region,
    memory: OwnedFd,
    own: OwnedFd,
    peers: OwnedFd,
    ring_bytes: u32,
}

impl Prepared for Given {
    fn ring_bytes(&self) -> u32 {
        self.ring_bytes
    }

    fn descriptors(&self) -> [BorrowedFd<'_>; 2] {
        [self.memory.as_fd(), self.peers.as_fd()]
    }

    fn into_link(self: Box<Self>, socket: OwnedFd, peer: Peer) -> Result<Arc<dyn Upgraded>, LinkError> {
        let Given { region, own, .. } = *self;
        let address = peer.address.clone();
        let link = ShmLink::over(Side::Acceptor, region, socket, own, peer)
            .map_err(|errno| system_fault(Fault::LinkFailed, &address, "eventfd", errno))?;
        Ok(Arc::new(link))
    }
}
