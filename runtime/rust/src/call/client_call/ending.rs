//! How a call ends by itself, or by its caller.

use samehost_transport_api::{Code, Fault};

use super::{ClientCall, Messages, Stage};
use crate::connection::{Arrivals, Status};

impl ClientCall<'_> {
    /// Ends the call as its deadline has passed; answers its outcome.
    pub(crate) fn expire(&mut self) -> Status {
        let status = self.expired();
        self.end(&status, Some(&status));
        status
    }

    /// The outcome of a call whose deadline has passed.
    pub(super) fn expired(&self) -> Status {
        let waiting = match &self.stage {
            Stage::Waiting(None) => "waiting for a connection",
            Stage::Waiting(Some(_)) => "waiting for its turn, as the server takes no more calls at once",
            Stage::Open(..) | Stage::Arrived(_) | Stage::Over => "waiting for the answer",
        };
        let elapsed = format!("{:.9}", self.began.elapsed().as_secs_f64());
        let address = self.channel.address();
        let text = match (&self.stage, self.channel.last_error()) {
            (Stage::Waiting(None), Some(reason)) => {
                Fault::DeadlineUnconnected.text(&[&elapsed, &address, &reason])
            }
            _ => Fault::DeadlineExceeded.text(&[&elapsed, &address, &waiting]),
        };
        Status::of(Code::DeadlineExceeded, text)
    }

    /// Ends the call with this outcome, which its caller has come to by itself.
    pub(crate) fn fail(&mut self, outcome: &Status) {
        self.end(outcome, Some(&Status::of(Code::Cancelled, outcome.text().to_owned())));
    }

    /// Ends the call as its caller no longer wants it; answers its outcome.
    pub(crate) fn cancel(&mut self, reason: &str) -> Status {
        let status = Status::of(Code::Cancelled, Fault::CallCancelled.text(&[&reason]));
        self.end(&status, Some(&status));
        status
    }

    /// `reset`: what the peer is told, where the caller ends the call by itself; what has arrived does not count then.
    pub(super) fn end(&mut self, outcome: &Status, reset: Option<&Status>) {
        self.span.end(outcome);
        self.channel.leave(&mut self.wait);
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Waiting(Some((session, mut place))) => session.pass(&mut place),
            Stage::Open(session, stream) => session.forget(stream, reset),
            Stage::Waiting(None) | Stage::Arrived(_) | Stage::Over => {}
        }
        if reset.is_some() {
            self.arrived = Arrivals::default();
        }
        if let Messages::Sent(outgoing) = &self.messages {
            outgoing.end();
        }
    }
}
