//! The listening side's part of agreeing on shared memory.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::{Errno, Result};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, sendmsg};
use samehost_transport_api::{Fault, LinkError, Peer};
use samehost_transport_posix::{errno_text, quiet};

use crate::offer::{ACK, Answer, NAK, Offer, VERSION, WORDS_BYTES};
use crate::upgrade::{Prepared, Upgrade, Upgraded};

/// How an offer was answered.
pub(crate) enum Heard {
    Offered(Offered),
    Refused,
}

/// Memory that a client was given, and of which it has not said yet whether it takes it.
pub(crate) struct Offered(Box<dyn Prepared>);

/// Answers an offer in one message. The socket's buffer is empty, so that it fits; nothing waits.
pub(crate) fn answer(socket: &OwnedFd, offer: &[u8], upgrade: Option<&dyn Upgrade>) -> Result<Heard> {
    let offer = offer.first_chunk::<WORDS_BYTES>().map(Offer::decode).ok_or(Errno::INVAL)?;
    let (errno, reason) = match upgrade {
        None => (0, Fault::ShmNotServed.text(&[])),
        Some(_) if offer.version < VERSION => (0, Fault::ShmVersion.text(&[&VERSION, &offer.version])),
        Some(upgrade) => match upgrade.prepare(offer) {
            Ok(prepared) => {
                let answer = Answer::Accepted { version: VERSION, ring_bytes: prepared.ring_bytes() };
                let descriptors = prepared.descriptors();
                let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
                let mut control = SendAncillaryBuffer::new(&mut space);
                control.push(SendAncillaryMessage::ScmRights(&descriptors));
                send(socket, &answer, &mut control)?;
                return Ok(Heard::Offered(Offered(prepared)));
            }
            Err((operation, errno)) => {
                (errno.raw_os_error() as u32, Fault::ShmMemory.text(&[&operation, &errno_text(errno)]))
            }
        },
    };
    let refusal = Answer::Refused { version: VERSION, errno, reason };
    send(socket, &refusal, &mut SendAncillaryBuffer::default())?;
    Ok(Heard::Refused)
}

fn send(socket: &OwnedFd, answer: &Answer, control: &mut SendAncillaryBuffer<'_, '_, '_>) -> Result<()> {
    let bytes = answer.encode();
    loop {
        match sendmsg(socket, &[IoSlice::new(&bytes)], control, quiet()) {
            Ok(count) if count == bytes.len() => return Ok(()),
            Ok(_) => return Err(Errno::AGAIN),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

impl Offered {
    /// The client's verdict: the link that the connection goes on as, or the socket back.
    pub fn settle(
        self,
        verdict: u8,
        socket: OwnedFd,
        peer: &Peer,
    ) -> std::result::Result<std::result::Result<Arc<dyn Upgraded>, OwnedFd>, LinkError> {
        match verdict {
            ACK => self.0.into_link(socket, peer.clone()).map(Ok),
            NAK => Ok(Err(socket)),
            _ => {
                let reason = "neither yes nor no to the shared memory";
                Err(Fault::Malformed.with(&[&peer.address, &"PROTOCOL_ERROR", &reason]))
            }
        }
    }
}
