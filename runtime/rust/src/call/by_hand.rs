//! A link for tests, which say themselves what is read and what is taken.

use std::ops::Deref;
use std::time::Duration;

use samehost_transport_api::{Descriptors, Interest, Link, LinkError, Peer, Read};

/// What a link does; where nothing else is said there is nothing to read, and it takes everything.
pub(super) trait Script: Send + Sync {
    fn read(&self, _buffer: &mut [u8]) -> Result<Read, LinkError> {
        Ok(Read::Empty)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        Ok(bytes.len())
    }

    fn wait(&self, interest: Interest) -> Result<Interest, LinkError> {
        Ok(interest)
    }
}

/// A link that goes by a script.
pub(super) struct ByHand<S> {
    script: S,
    peer: Peer,
}

impl<S: Script> ByHand<S> {
    pub(super) fn link(script: S) -> ByHand<S> {
        ByHand { script, peer: Peer::at("here") }
    }
}

impl<S> Deref for ByHand<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.script
    }
}

impl<S: Script> Link for ByHand<S> {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        self.script.read(buffer)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.script.write(bytes)
    }

    fn wait(&self, interest: Interest, _: Option<Duration>) -> Result<Interest, LinkError> {
        self.script.wait(interest)
    }

    fn wake(&self) {}

    fn descriptors(&self) -> Descriptors<'_> {
        unimplemented!("nobody polls it")
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}
