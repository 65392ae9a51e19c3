//! What has arrived for one stream and waits for its owner.

use samehost_transport_api::Code;

use super::queue::SmallQueue;
use super::{Message, Status};
use crate::wire::MetadataBlock;

/// What the owner of a stream is told, in the order of the wire.
#[derive(Debug)]
pub(crate) enum Arrival {
    Headers(MetadataBlock),
    Message(Message),
    End(Finish),
}

/// What is told last. After a half-close there may still be a reset, after anything else comes nothing.
#[derive(Debug)]
pub(crate) enum Finish {
    HalfClosed,
    /// The outcome of a stream that this side opened.
    Status(Status),
    /// The stream ended without a status. `refused`: no handler saw the call.
    Reset {
        status: Status,
        refused: bool,
    },
}

/// What has arrived and was not taken yet. Its order on the wire is always this one, so each kind has its place.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    pub(super) headers: Option<MetadataBlock>,
    pub(super) messages: SmallQueue<Message>,
    pub(super) end: Option<Finish>,
}

impl Arrivals {
    /// The one message of a request, and its end.
    pub(crate) fn of_request(message: Message) -> Arrivals {
        let mut messages = SmallQueue::new();
        messages.push_back(message);
        Arrivals { headers: None, messages, end: Some(Finish::HalfClosed) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.headers.is_none() && self.messages.is_empty() && self.end.is_none()
    }

    /// Whether there is more than one message.
    #[inline]
    pub(crate) fn has_several_messages(&self) -> bool {
        self.messages.has_more()
    }

    /// Moves all of this into `arrived`, which is empty; answers whether that was anything.
    pub(crate) fn move_into(&mut self, arrived: &mut Arrivals) -> bool {
        debug_assert!(arrived.is_empty());
        if self.is_empty() {
            return false;
        }
        *arrived = std::mem::take(self);
        true
    }

    /// Moves all of this behind what is in `arrived`.
    pub(crate) fn move_behind(&mut self, arrived: &mut Arrivals) {
        if arrived.is_empty() {
            self.move_into(arrived);
            return;
        }
        let Arrivals { headers, messages, end } = std::mem::take(self);
        arrived.headers = arrived.headers.take().or(headers);
        arrived.messages.extend(messages);
        arrived.end = end;
    }

    /// Takes the headers, the one message and the status of a response that went well, if that is what is here.
    pub(crate) fn take_response(&mut self) -> Option<(MetadataBlock, Message, Status)> {
        match &self.end {
            Some(Finish::Status(status)) if status.code == Code::Ok && !self.messages.has_more() => {}
            _ => return None,
        }
        let message = self.messages.pop_front()?;
        let Some(Finish::Status(status)) = self.end.take() else { return None };
        Some((self.headers.take().unwrap_or_default(), message, status))
    }

    /// Takes what comes next.
    pub(crate) fn pop_front(&mut self) -> Option<Arrival> {
        if let Some(headers) = self.headers.take() {
            return Some(Arrival::Headers(headers));
        }
        match self.messages.pop_front() {
            Some(message) => Some(Arrival::Message(message)),
            None => self.end.take().map(Arrival::End),
        }
    }

    /// Takes the one message of a request, if that is all that is here, nothing follows it, and it is not compressed.
    pub(crate) fn take_request(&mut self) -> Option<Message> {
        match (self.messages.front(), &self.end) {
            (Some(message), Some(Finish::HalfClosed)) if !self.messages.has_more() && !message.compressed => {
            }
            _ => return None,
        }
        self.end = None;
        self.messages.pop_front()
    }

    pub(crate) fn is_reset(&self) -> bool {
        matches!(self.end, Some(Finish::Reset { .. }))
    }

    /// Whether the stream ended without any handler having seen the call.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.end, Some(Finish::Reset { refused: true, .. }))
    }
}
