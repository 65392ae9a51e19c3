//! The sending half of a stream: what waits for credit and for its turn.

use bytes::Buf;

use super::event::Message;
use super::queue::RareQueue;
use super::{Status, StreamId};
use crate::wire::{
    FrameWriter, MAX_CREDIT, MAX_TEXT_BYTES, MetadataBlock, PIECE_COST, StatusFields, WireError, cut,
};

/// The sending half of a stream: it holds what the application has sent until there is credit and room,
/// and cuts messages into pieces. It writes one frame at a time, when its owner gives it its turn.
#[derive(Debug)]
pub(super) struct Outbox {
    /// What may still be spent.
    credit: u32,
    queue: RareQueue<Outgoing>,
    /// What the messages in the queue will cost, with a piece each.
    waiting: usize,
    /// Whether the stream stands in the line of those that wait for their turn.
    pub(super) in_line: bool,
    /// Whether the application was told that the stream is not ready, and so is to be told when it is.
    owes_ready: bool,
    /// What the application has sent so far.
    pub(super) stage: Stage,
}

/// What the application has sent on a stream so far.
///
/// ```text
///    opener:                   MESSAGES ---- last message, half-close ---> ENDED
///    acceptor:  NOTHING --- headers ---> MESSAGES ---- status ---> ENDED
///                  +------------------ status ----------------------^
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Nothing,
    Messages,
    Ended,
}

/// What waits in a stream.
#[derive(Debug)]
pub(super) enum Outgoing {
    Headers(MetadataBlock),
    /// A message, or what is left of one whose first piece is written; `end`: the opener's last one.
    Message {
        message: Message,
        begun: bool,
        end: bool,
    },
    HalfClose,
    Answer(Answer),
}

/// A status, with the headers and the message that come with it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: Option<MetadataBlock>,
    pub(super) message: Option<Message>,
    pub(super) status: Status,
}

/// How long a frame may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameBounds {
    /// What the peer takes.
    pub(super) most: usize,
    /// What this side puts into one frame with a message, so that streams interleave.
    pub(super) piece: usize,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A frame was written, or prepared: there may be more.
    Wrote,
    /// A frame with END was written.
    HalfClosed,
    /// The status was written: the stream is over.
    Finished,
    /// There is nothing to write, or no credit to write it with.
    Blocked,
}

impl Outbox {
    #[inline(always)]
    pub(super) fn new(initial_credit: u32, stage: Stage) -> Outbox {
        Outbox {
            credit: initial_credit,
            queue: RareQueue::new(),
            waiting: 0,
            in_line: false,
            owes_ready: false,
            stage,
        }
    }

    /// Spends credit on a message that goes whole with its OPEN, if there is enough.
    pub(super) fn spend_whole(&mut self, bytes: usize) -> bool {
        match cost(bytes).and_then(|cost| self.credit.checked_sub(cost)) {
            Some(left) => {
                self.credit = left;
                true
            }
            None => false,
        }
    }

    /// Whether a message of so many bytes may be the first word and the last one: if nothing was sent, and there is enough
    /// credit, which is spent then.
    pub(super) fn says_all_with(&mut self, bytes: usize) -> bool {
        self.stage == Stage::Nothing && self.spend_whole(bytes)
    }

    /// The peer has granted so many bytes.
    pub(super) fn grant(&mut self, bytes: u32) -> Result<(), WireError> {
        if bytes == 0 {
            return Err(WireError::protocol("a CREDIT of 0"));
        }
        match self.credit.checked_add(bytes) {
            Some(credit) if credit <= MAX_CREDIT => {
                self.credit = credit;
                Ok(())
            }
            _ => Err(WireError::protocol("a CREDIT raises the credit above 2^31 - 1")),
        }
    }

    /// Counts what is to be sent, before it is written or queued.
    fn count(&mut self, outgoing: &Outgoing) {
        if let Outgoing::Message { message, .. } | Outgoing::Answer(Answer { message: Some(message), .. }) =
            outgoing
        {
            self.waiting += PIECE_COST as usize + message.bytes.len();
        }
    }

    pub(super) fn push(&mut self, outgoing: Outgoing) {
        self.count(&outgoing);
        self.queue.push_back(outgoing);
    }

    /// Whether this may be written at once, were there room: nothing goes before it.
    pub(super) fn may_overtake_queue(&self, outgoing: &Outgoing) -> bool {
        self.queue.is_empty() && self.affords(outgoing)
    }

    /// Writes a frame of what [may be written at once](Outbox::may_overtake_queue), and queues the rest.
    pub(super) fn write_at_once(
        &mut self,
        stream: StreamId,
        outgoing: Outgoing,
        bounds: FrameBounds,
        writer: &mut FrameWriter,
    ) -> Turn {
        self.count(&outgoing);
        self.write_one(stream, outgoing, bounds, writer)
    }

    /// Whether the application has said its last word.
    pub(super) fn is_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// Drops what waits.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.waiting = 0;
        self.stage = Stage::Ended;
    }

    /// Notes whether so much waits that the stream is not ready.
    pub(super) fn note_ready(&mut self, ready_bytes: usize) {
        self.owes_ready |= self.waiting >= ready_bytes;
    }

    /// Whether the stream has become ready.
    pub(super) fn take_ready(&mut self, ready_bytes: usize) -> bool {
        let ready = self.owes_ready && self.waiting < ready_bytes;
        self.owes_ready &= !ready;
        ready && !self.is_ended()
    }

    /// Whether the application was told that the stream is not ready, and was told nothing since.
    pub(super) fn owes_ready(&self) -> bool {
        self.owes_ready
    }

    /// How many bytes of messages wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether the first in the queue could be written, were there room.
    pub(super) fn can_write(&self) -> bool {
        self.queue.front().is_some_and(|first| self.affords(first))
    }

    fn affords(&self, outgoing: &Outgoing) -> bool {
        match outgoing {
            Outgoing::Message { message, .. } => self.credit >= least_cost(message),
            _ => true,
        }
    }

    /// Writes one frame.
    pub(super) fn write(&mut self, stream: StreamId, bounds: FrameBounds, writer: &mut FrameWriter) -> Turn {
        if !self.can_write() {
            return Turn::Blocked;
        }
        match self.queue.pop_front() {
            None => Turn::Blocked,
            Some(outgoing) => self.write_one(stream, outgoing, bounds, writer),
        }
    }

    fn write_one(
        &mut self,
        stream: StreamId,
        outgoing: Outgoing,
        bounds: FrameBounds,
        writer: &mut FrameWriter,
    ) -> Turn {
        match outgoing {
            Outgoing::Headers(headers) => {
                writer.headers(stream, &headers);
                Turn::Wrote
            }
            Outgoing::Message { message, begun, end } => {
                let affordable = (self.credit - PIECE_COST) as usize;
                let length = message.bytes.len().min(bounds.piece).min(affordable);
                self.write_piece(stream, message, length, begun, end, writer)
            }
            Outgoing::HalfClose => {
                writer.half_close(stream);
                Turn::HalfClosed
            }
            Outgoing::Answer(answer) => self.write_answer(stream, answer, bounds, writer),
        }
    }

    fn write_piece(
        &mut self,
        stream: StreamId,
        mut message: Message,
        length: usize,
        begun: bool,
        end: bool,
        writer: &mut FrameWriter,
    ) -> Turn {
        let to_come = message.bytes.len() - length;
        let end_here = end && to_come == 0;
        let compressed = message.compressed && !begun;
        writer.message(stream, &message.bytes[..length], to_come as u32, compressed, end_here);
        self.credit -= PIECE_COST + length as u32;
        self.waiting -= length;
        if to_come > 0 {
            message.bytes.advance(length);
            self.queue.push_front(Outgoing::Message { message, begun: true, end });
            return Turn::Wrote;
        }
        self.waiting -= PIECE_COST as usize;
        if end_here { Turn::HalfClosed } else { Turn::Wrote }
    }

    /// Writes a status and all that goes with it in one frame; where that cannot be, takes it apart,
    /// so that headers and message go before it.
    fn write_answer(
        &mut self,
        stream: StreamId,
        answer: Answer,
        bounds: FrameBounds,
        writer: &mut FrameWriter,
    ) -> Turn {
        let Answer { headers, message, status } = answer;
        let mut fields = StatusFields {
            code: status.code as u32,
            headers: headers.as_ref(),
            text: cut(status.text(), MAX_TEXT_BYTES),
            trailers: status.trailers(),
            message: message.as_ref().map(|message| &*message.bytes),
            compressed: message.as_ref().is_some_and(|message| message.compressed),
        };
        let size = fields.size();
        if headers.is_none() && message.is_none() {
            // The trailers alone fit, which was checked when the status was given: the text gives way.
            fields.text = cut(fields.text, bounds.most - (size - fields.text.len()));
            writer.status(stream, &fields);
            return Turn::Finished;
        }
        let fits = match &message {
            None => size <= bounds.most,
            Some(message) => {
                size + message.bytes.len() <= bounds.piece && self.spend_whole(message.bytes.len())
            }
        };
        if fits {
            writer.status(stream, &fields);
            return Turn::Finished;
        }
        self.queue.push_front(Outgoing::Answer(Answer { headers: None, message: None, status }));
        if let Some(message) = message {
            self.queue.push_front(Outgoing::Message { message, begun: false, end: false });
        }
        if let Some(headers) = headers {
            self.queue.push_front(Outgoing::Headers(headers));
        }
        Turn::Wrote
    }
}

/// What a piece of so many bytes costs.
fn cost(bytes: usize) -> Option<u32> {
    u32::try_from(bytes).ok()?.checked_add(PIECE_COST)
}

/// What the smallest next piece of a message costs: a piece has no bytes only where the message has none.
fn least_cost(message: &Message) -> u32 {
    PIECE_COST + u32::from(!message.bytes.is_empty())
}
