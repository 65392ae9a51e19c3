//! The receiving half of a stream: pieces become messages, requests let them through.

use bytes::Bytes;
use samehost_transport_api::Fault;

use super::arrivals::{Arrivals, Finish};
use super::queue::SmallQueue;
use super::rejection::{Failure, Rejection, Towards};
use super::{Message, Status};
use crate::buffers;
use crate::wire::{Flags, Frame, GoAwayCode, MetadataBlock, PIECE_COST, WireError};

/// So much memory is taken for what a peer has promised; beyond it, for twice as much as has arrived.
const PROMISED_BYTES: usize = 1 << 20;

/// The receiving half of a stream: it joins pieces to messages, counts the credit that the peer has spent
/// and gets back, and holds what the application has not requested or not taken. It sends and tells nothing by
/// itself: who moves it on looks at [`has_news`](Inbox::has_news) and [`take_credit`](Inbox::take_credit).
#[derive(Debug)]
pub(crate) struct Inbox {
    /// Who receives: the server of the call or its client.
    towards: Towards,
    /// What the peer may still spend.
    credit: u32,
    /// What was spent on requested messages and is to be returned.
    owed: u32,
    /// How many messages are requested that have not arrived: nothing waits then.
    requested: u64,
    /// Whole messages that were not requested, in their order.
    waiting: SmallQueue<Arrived>,
    /// The message of which pieces are still to come; it is behind those that wait.
    unfinished: Option<Box<Unfinished>>,
    /// The end of the peer's direction, behind messages that wait.
    end: Option<Finish>,
    /// What the application may take.
    pub(crate) arrivals: Arrivals,
    /// Some of that has come since somebody last asked for news.
    has_news: bool,
    /// The stream is over, and the application may know it.
    is_finished: bool,
    /// Whether the peer's direction has ended: no credit returns from then on.
    ended: bool,
    /// How the peer compresses messages on this stream.
    encoding: Encoding,
}

/// What the peer's metadata says of compression.
#[derive(Debug)]
pub(super) enum Encoding {
    /// A method that both sides know.
    Known,
    /// Another one, or none, which is no text then.
    Unknown(Option<Box<str>>),
}

/// A whole message and what is to be returned for it once it is requested.
#[derive(Debug)]
struct Arrived {
    message: Message,
    unreturned: u32,
}

#[derive(Debug)]
struct Unfinished {
    bytes: Vec<u8>,
    to_come: u32,
    compressed: bool,
    /// What is to be returned for its pieces once it is requested.
    unreturned: u32,
}

impl Encoding {
    /// What the block says, where `known` tells which methods both sides know.
    pub(super) fn of(block: &MetadataBlock, known: impl Fn(&str) -> bool) -> Encoding {
        if block.is_empty() {
            return Encoding::Unknown(None);
        }
        match block.get("grpc-encoding").map(String::from_utf8_lossy) {
            Some(name) if known(&name) => Encoding::Known,
            name => Encoding::Unknown(name.map(|name| name.into())),
        }
    }
}

impl Inbox {
    #[inline(always)]
    pub(super) fn new(towards: Towards, initial_credit: u32) -> Inbox {
        Inbox {
            towards,
            credit: initial_credit,
            owed: 0,
            requested: 0,
            waiting: SmallQueue::new(),
            unfinished: None,
            end: None,
            arrivals: Arrivals::default(),
            has_news: false,
            is_finished: false,
            ended: false,
            encoding: Encoding::Unknown(None),
        }
    }

    #[inline]
    pub(super) fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
    }

    /// Whether a message has begun and is not complete.
    pub(super) fn is_inside_message(&self) -> bool {
        self.unfinished.is_some()
    }

    /// Takes the message that came whole with an OPEN.
    pub(super) fn take_whole(
        &mut self,
        bytes: Bytes,
        compressed: bool,
        max_message_bytes: u32,
    ) -> Result<(), Rejection> {
        let cost = self.spend(bytes.len())?;
        Ok(self.take_spent(bytes, cost, compressed, max_message_bytes)?)
    }

    /// Takes a message that came whole, for which so much was [spent](Inbox::spend).
    pub(super) fn take_spent(
        &mut self,
        bytes: Bytes,
        cost: u32,
        compressed: bool,
        max_message_bytes: u32,
    ) -> Result<(), Failure> {
        self.admit(bytes.len() as u64, compressed, max_message_bytes)?;
        self.arrived(Message { bytes, compressed }, cost);
        Ok(())
    }

    /// Takes a MESSAGE frame that carries a message or a piece of one.
    pub(super) fn take_piece(&mut self, frame: &Frame<'_>, max_message_bytes: u32) -> Result<(), Rejection> {
        let (length, to_come) = (frame.header.length, frame.header.word);
        let compressed = frame.header.flags.has(Flags::COMPRESSED);
        if to_come > 0 && length == 0 {
            return Err(WireError::protocol("a piece of a message has no bytes").into());
        }
        let size = u64::from(length) + u64::from(to_come);
        match &self.unfinished {
            Some(message) if size != u64::from(message.to_come) => {
                return Err(WireError::protocol("a piece of a message has not the promised size").into());
            }
            Some(_) if compressed => {
                return Err(WireError::protocol("COMPRESSED on a later piece of a message").into());
            }
            _ => {}
        }
        let cost = self.spend(length as usize)?;
        if self.unfinished.is_none() {
            self.admit(size, compressed, max_message_bytes)?;
            if to_come == 0 {
                let bytes = frame.payload.tail(length as usize);
                self.arrived(Message { bytes, compressed }, cost);
                return Ok(());
            }
        }
        self.join(frame.payload.as_slice(), to_come, compressed, cost);
        Ok(())
    }

    /// Takes the response headers.
    pub(super) fn take_headers(&mut self, headers: MetadataBlock) {
        self.arrivals.headers = Some(headers);
        self.has_news = true;
    }

    /// Takes the end of the peer's direction.
    #[inline]
    pub(super) fn take_ending(&mut self, end: Finish) {
        self.ended = true;
        if self.waiting.is_empty() {
            self.finish(end);
        } else {
            self.end = Some(end);
        }
    }

    fn finish(&mut self, end: Finish) {
        self.is_finished = !matches!(end, Finish::HalfClosed);
        self.arrivals.end = Some(end);
        self.has_news = true;
    }

    /// The one message of a request, where all of it has come and nothing was requested; nothing follows it then.
    pub(super) fn take_request(&mut self) -> Option<Message> {
        match self.end {
            Some(Finish::HalfClosed) if !self.waiting.has_more() => {}
            _ => return None,
        }
        let arrived = self.waiting.pop_front()?;
        self.end = None;
        Some(arrived.message)
    }

    /// One message is wanted, of a stream that was just opened: nothing can have come.
    #[inline]
    pub(super) fn request_first(&mut self) {
        debug_assert!(self.is_empty() && self.unfinished.is_none());
        self.requested += 1;
    }

    /// So many more messages are wanted.
    pub(super) fn request(&mut self, messages: u32) {
        self.requested = self.requested.saturating_add(messages.into());
        while self.requested > 0
            && let Some(Arrived { message, unreturned }) = self.waiting.pop_front()
        {
            self.arrived(message, unreturned);
        }
        if self.requested > 0
            && let Some(message) = &mut self.unfinished
        {
            self.owed += std::mem::take(&mut message.unreturned);
        }
        if self.waiting.is_empty()
            && let Some(end) = self.end.take()
        {
            self.finish(end);
        }
    }

    /// Whether a message has to be requested for anything to arrive.
    pub(crate) fn wants_request(&self) -> bool {
        self.requested == 0 && !self.is_finished && self.arrivals.is_empty()
    }

    /// Whether something has come that the application may take, since this was last asked.
    pub(super) fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// Whether the stream is over, and the application may know it.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Whether the stream is over, though the application may not know it before it has requested what came first.
    pub(crate) fn is_decided(&self) -> bool {
        self.is_finished || matches!(self.end, Some(Finish::Status(_) | Finish::Reset { .. }))
    }

    /// Whether nothing is left to be taken, now or later.
    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty() && self.waiting.is_empty() && self.end.is_none()
    }

    /// Nothing more is received: what was not told of yet is dropped.
    pub(super) fn stop(&mut self) {
        (self.waiting, self.unfinished, self.end, self.ended) = (SmallQueue::new(), None, None, true);
        if self.has_news() {
            self.arrivals = Arrivals::default();
        }
    }

    /// The stream has ended without a status. What the client of the call has received whole is still to be taken; its
    /// server is told of nothing but the end.
    pub(super) fn cut_off(&mut self) {
        match self.towards {
            Towards::Client => (self.unfinished, self.ended) = (None, true),
            Towards::Server => self.stop(),
        }
    }

    /// How a stream that was [cut off](Inbox::cut_off) has ended.
    pub(super) fn conclude(&mut self, status: Status, refused: bool) {
        match self.towards {
            Towards::Client => self.take_ending(Finish::Reset { status, refused }),
            Towards::Server => self.reset(status, refused),
        }
    }

    /// The stream has ended without a status; that overtakes what was not taken.
    pub(crate) fn reset(&mut self, status: Status, refused: bool) {
        self.stop();
        self.arrivals = Arrivals::default();
        self.finish(Finish::Reset { status, refused });
    }

    /// The credit to return now: nothing until half of the initial credit is owed.
    pub(super) fn take_credit(&mut self, initial_credit: u32) -> Option<u32> {
        if self.ended || self.owed < initial_credit / 2 {
            return None;
        }
        self.credit += self.owed;
        Some(std::mem::take(&mut self.owed))
    }

    /// Spends the peer's credit on a frame with so many message bytes; answers what it costs.
    #[inline]
    pub(super) fn spend(&mut self, bytes: usize) -> Result<u32, WireError> {
        let cost = PIECE_COST + bytes as u32; // a frame has at most 2^24 bytes
        match self.credit.checked_sub(cost) {
            Some(left) => {
                self.credit = left;
                Ok(cost)
            }
            None => Err(WireError {
                code: GoAwayCode::FlowControlError,
                text: format!("a message spends {cost} of {} bytes of credit", self.credit).into(),
            }),
        }
    }

    /// Whether a message that begins may be received.
    #[inline]
    fn admit(&self, size: u64, compressed: bool, max_message_bytes: u32) -> Result<(), Failure> {
        Failure::check_message(size, max_message_bytes, self.towards)?;
        match &self.encoding {
            Encoding::Unknown(name) if compressed => {
                let name = name.as_deref().unwrap_or("an unnamed method");
                Err(Failure::of(Fault::EncodingUnknown, &[&name]))
            }
            _ => Ok(()),
        }
    }

    /// A whole message has arrived, for which so much is to be returned once it is requested.
    #[inline]
    fn arrived(&mut self, message: Message, unreturned: u32) {
        if self.requested == 0 {
            return self.waiting.push_back(Arrived { message, unreturned });
        }
        self.requested -= 1;
        self.owed += unreturned;
        self.arrivals.messages.push_back(message);
        self.has_news = true;
    }

    fn join(&mut self, piece: &[u8], to_come: u32, compressed: bool, cost: u32) {
        let mut message = self.unfinished.take().unwrap_or_else(|| {
            Box::new(Unfinished { bytes: Vec::new(), to_come: 0, compressed, unreturned: 0 })
        });
        let size = message.bytes.len() + piece.len() + to_come as usize;
        let room = message.bytes.capacity() - message.bytes.len();
        if room < piece.len() {
            let arrived = message.bytes.len() + piece.len();
            let mut larger = buffers::take(arrived.saturating_mul(2).max(PROMISED_BYTES).min(size));
            larger.extend_from_slice(&message.bytes);
            buffers::give(std::mem::replace(&mut message.bytes, larger));
        }
        message.bytes.extend_from_slice(piece);
        message.to_come = to_come;
        if self.requested > 0 {
            self.owed += cost;
        } else {
            message.unreturned += cost;
        }
        if to_come == 0 {
            let Unfinished { bytes, compressed, unreturned, .. } = *message;
            self.arrived(Message { bytes: buffers::shared(bytes), compressed }, unreturned);
        } else {
            self.unfinished = Some(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_not_taken_for_promises_alone() {
        let mut inbox = Inbox::new(Towards::Server, 1 << 20);
        inbox.join(&[1; 10], 60 << 20, false, 26);
        let unfinished = inbox.unfinished.as_ref().expect("it is not whole");
        assert_eq!(unfinished.bytes.capacity(), PROMISED_BYTES);
    }
}
