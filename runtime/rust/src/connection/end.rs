//! The ways in which a connection ends.

use samehost_transport_api::{Fault, LinkError};

use super::event::{Cause, Closed, End, Event};
use super::rejection::Failure;
use super::{Connection, ConnectionState, StreamId, ids};
use crate::wire::{GoAwayCode, WireError};

impl Connection {
    /// The link has ended; nothing more arrives.
    pub(crate) fn receive_end(&mut self) {
        let inside = self.reader.is_inside_frame();
        let fault = match self.state {
            ConnectionState::Closed => return,
            ConnectionState::AwaitPreface => self.preface.at_end(),
            _ if inside => Fault::LinkTruncated,
            ConnectionState::AwaitHello => Fault::PeerGoneBeforeHello,
            ConnectionState::Open | ConnectionState::Draining => Fault::LinkEnded,
        };
        let end = match fault {
            Fault::LinkTruncated => End::Truncated,
            Fault::PeerNonsense => End::Malformed,
            _ => End::Clean,
        };
        self.writer.clear();
        self.close(end, self.first_fault(fault));
    }

    /// Takes no new stream from now on, and opens none. [`Event::Closed`] follows when the open ones
    /// are over.
    pub(crate) fn go_away(&mut self, text: &str) {
        match self.state {
            ConnectionState::Closed => {}
            ConnectionState::AwaitPreface | ConnectionState::AwaitHello => {
                self.say_go_away(GoAwayCode::NoError, text);
                self.close(End::Clean, Fault::LinkClosed.with(&[&self.settings.address]));
            }
            ConnectionState::Open | ConnectionState::Draining => {
                self.say_go_away(GoAwayCode::NoError, text);
                self.drain();
            }
        }
    }

    /// Gives up, telling the peer by GOAWAY. Every open stream fails with `error`.
    pub(crate) fn fail(&mut self, code: GoAwayCode, text: &str, error: LinkError) {
        if self.state != ConnectionState::Closed {
            self.say_go_away(code, text);
            self.close(End::Failed, error);
        }
    }

    /// The link is broken: as `receive_end`, with the link's own error. What is outbound is dropped.
    pub(crate) fn link_failed(&mut self, error: LinkError) {
        if self.state != ConnectionState::Closed {
            self.writer.clear();
            self.close(End::Failed, error);
        }
    }

    /// HELLO has not arrived in time: gives up with the fault that fits what did arrive. How many
    /// `seconds` that was is for its text. Does nothing when HELLO is there.
    pub(crate) fn hello_timeout(&mut self, seconds: f64) {
        let silent = Fault::PeerSilent.with(&[&self.settings.address, &seconds]);
        match self.state {
            // Whoever says no preface would not understand a GOAWAY.
            ConnectionState::AwaitPreface if self.preface.at_end() == Fault::PeerNonsense => {
                self.close(End::Malformed, self.first_fault(Fault::PeerNonsense));
            }
            ConnectionState::AwaitPreface => self.close(End::Failed, silent),
            ConnectionState::AwaitHello => {
                self.say_go_away(GoAwayCode::HelloTimeout, "no HELLO came in time");
                self.close(End::Failed, silent);
            }
            ConnectionState::Open | ConnectionState::Draining | ConnectionState::Closed => {}
        }
    }

    /// The error of a fault of the first bytes, or of the end of the link.
    pub(super) fn first_fault(&self, fault: Fault) -> LinkError {
        let address = &self.settings.address;
        match fault {
            Fault::PeerNonsense => fault.with(&[address, &self.preface.first_bytes()]),
            _ => fault.with(&[address]),
        }
    }

    /// The peer broke a rule: tells it, and ends.
    pub(super) fn broken(&mut self, error: &WireError) {
        self.say_go_away(error.code, &error.text);
        let fault = match (error.code, &self.peer_hello) {
            (GoAwayCode::VersionMismatch, Some(peer)) => Fault::VersionMismatch.with(&[
                &self.settings.address,
                &self.settings.hello.min_version,
                &self.settings.hello.max_version,
                &peer.implementation,
                &peer.min_version,
                &peer.max_version,
            ]),
            _ => Fault::Malformed.with(&[&self.settings.address, &error.code, &error.text]),
        };
        self.close(End::Malformed, fault);
    }

    /// The peer's GOAWAY.
    pub(super) fn told_to_go_away(&mut self, last_stream: StreamId, code: GoAwayCode, text: String) {
        let address = &self.settings.address;
        let error = match code {
            GoAwayCode::NoError => Fault::PeerDraining.with(&[address]),
            GoAwayCode::Refused => Fault::PeerRefused.with(&[address, &text]),
            _ => Fault::PeerGoaway.with(&[address, &code, &text]),
        };
        self.events.push_back(Event::GoAway { last_stream, code, text });
        if code != GoAwayCode::NoError || self.state == ConnectionState::AwaitHello {
            self.writer.clear();
            self.close(End::GoAway, error);
            return;
        }
        for stream in self.streams_not_seen(last_stream) {
            self.cut_off(
                stream,
                Failure { code: error.code(), text: error.to_string() },
                true,
                Cause::GoAway,
            );
        }
        self.drain();
    }

    /// No stream is opened any more, by either side; ends when none is open.
    fn drain(&mut self) {
        self.state = ConnectionState::Draining;
        self.could_open = false;
        self.end_if_drained();
    }

    /// Ends a connection that drains when its last stream is over.
    pub(super) fn end_if_drained(&mut self) {
        if self.state == ConnectionState::Draining && self.open_streams() == 0 {
            let fault = if self.sent_go_away { Fault::LinkClosed } else { Fault::PeerDraining };
            self.close(End::Clean, fault.with(&[&self.settings.address]));
        }
    }

    fn say_go_away(&mut self, code: GoAwayCode, text: &str) {
        // One GOAWAY that drains is enough; one with an error may follow it.
        if !self.sent_go_away || code != GoAwayCode::NoError {
            self.say_preface();
            self.writer.go_away(self.last_accepted, code, text);
            self.sent_go_away = true;
        }
    }

    /// Streams of this side's that the peer has not seen, going by its GOAWAY.
    fn streams_not_seen(&self, last_stream: StreamId) -> Vec<StreamId> {
        let unseen = |id: StreamId| last_stream == 0 || ids::is_later(id, last_stream);
        self.open_ids(|id, opened_here| opened_here && unseen(id))
    }

    /// The ids of open streams, in order, so that what happens to all of them happens in order.
    fn open_ids(&self, wanted: impl Fn(StreamId, bool) -> bool) -> Vec<StreamId> {
        let mut ids: Vec<StreamId> = self
            .streams
            .iter()
            .filter(|&(id, stream)| !stream.is_over() && wanted(id, stream.opened_here))
            .map(|(id, _)| id)
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Ends the connection: every stream that is open on the wire fails with the error.
    pub(super) fn close(&mut self, end: End, error: LinkError) {
        self.state = ConnectionState::Closed;
        self.could_open = false;
        for stream in self.open_ids(|_, _| true) {
            let failure = Failure { code: error.code(), text: error.to_string() };
            self.cut_off(stream, failure, false, Cause::Connection);
        }
        let closed = Closed { end, error };
        self.closed = Some(closed.clone());
        self.events.push_back(Event::Closed(closed));
    }
}
