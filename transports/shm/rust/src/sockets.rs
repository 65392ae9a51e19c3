//! The two sockets beside the memory.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::{Errno, Result};
use rustix::net::{RecvFlags, recv, send};
use samehost_transport_posix::{PrivateFd, quiet, socket_pair};

/// So much is taken from a socket in one go, and so often at a time: a peer that never stops must not
/// hold up whoever empties it.
const TAKEN_BYTES: usize = 4096;
const TAKES: usize = 4;

/// So much a plug is made of; more than one whole socket buffer of the smallest size.
const PLUG: [u8; 1024] = [0; 1024];
const MOST_PLUGS: usize = 1024;

/// The connection, which carries nothing but doorbells, and the second socket, which is there for
/// event loops: it is writable unless this side has plugged it. Bytes mean nothing, and are not counted.
pub(crate) struct Sockets {
    pub bell: PrivateFd,
    pub second: PrivateFd,
}

/// What was found in a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Rings,
    /// The peer has gone.
    End,
}

impl Sockets {
    /// Wakes the peer. Answers false when it has gone.
    pub fn ring(&self) -> bool {
        loop {
            match send(&self.bell, &[1], quiet()) {
                // Full of rings that were not heard yet: it will be woken.
                Ok(_) | Err(Errno::AGAIN) => return true,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Takes the rings of the peer.
    pub fn hear(&self) -> Found {
        take_all(&self.bell)
    }

    /// Sees to it that the second socket is not writable until the peer empties it. Answers false
    /// when it has gone.
    pub fn plug(&self) -> bool {
        for _ in 0..MOST_PLUGS {
            match send(&self.second, &PLUG, quiet()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return true,
                Err(_) => return false,
            }
        }
        true
    }

    /// Takes the peer's plug away.
    pub fn unplug(&self) {
        take_all(&self.second);
    }
}

fn take_all(socket: impl AsFd) -> Found {
    let mut found = Found::Nothing;
    let mut taken = [MaybeUninit::<u8>::uninit(); TAKEN_BYTES];
    for _ in 0..TAKES {
        match recv(&socket, &mut taken, RecvFlags::DONTWAIT).map(|((taken, _), _)| taken.len()) {
            Ok(0) => return Found::End,
            Ok(count) => {
                found = Found::Rings;
                if count < TAKEN_BYTES {
                    break;
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            // The peer closed it with rings unheard, or something worse: it is over.
            Err(_) => return Found::End,
        }
    }
    found
}

/// A pair of second sockets, with the smallest buffers there are.
pub(crate) fn second_pair() -> Result<(OwnedFd, OwnedFd)> {
    use rustix::net::sockopt::set_socket_send_buffer_size;
    let pair = socket_pair()?;
    for end in [&pair.0, &pair.1] {
        set_socket_send_buffer_size(end, 1)?;
    }
    Ok(pair)
}
