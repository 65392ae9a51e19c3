//! What has arrived for one stream and waits for its owner.

use std::task::{Context, Poll, Waker};

use super::event::Ending;
use super::queue::SmallQueue;
use super::waitlist::Wakes;
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
    headers: Option<MetadataBlock>,
    messages: SmallQueue<Message>,
    end: Option<Finish>,
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

    fn is_reset(&self) -> bool {
        matches!(self.end, Some(Finish::Reset { .. }))
    }
}

/// What has arrived for one stream, and who waits for it: the reader of messages, the writer that
/// waits for room, and the watcher of the stream's end. It lives under its session's lock.
pub(crate) struct Inbox {
    arrivals: Arrivals,
    /// A message was requested that has not arrived.
    requested: bool,
    over: bool,
    /// Whoever asked whether the stream is over was told so.
    told: bool,
    /// Where the OPEN of a stream of this side begins, in all that this side writes.
    open_at: Option<u64>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    watcher: Option<Waker>,
}

impl Inbox {
    /// For a stream whose first message is requested. `open_at`: where the OPEN of one of this side begins, in all that
    /// this side writes. `reader`: who waits for what arrives.
    #[inline]
    pub(crate) fn new(open_at: Option<u64>, reader: Option<Waker>) -> Inbox {
        Inbox {
            arrivals: Arrivals::default(),
            requested: true,
            over: false,
            told: false,
            open_at,
            reader,
            writer: None,
            watcher: None,
        }
    }

    /// Whether not one byte of the stream was written, of this side's so many.
    pub(crate) fn is_unsent(&self, written: u64) -> bool {
        self.open_at.is_some_and(|open_at| written <= open_at)
    }

    /// Takes in what has arrived. Those to be woken are put into `wakes`.
    pub(crate) fn put(
        &mut self,
        headers: Option<MetadataBlock>,
        message: Option<Message>,
        end: Option<Ending>,
        wakes: &mut Wakes,
    ) {
        if headers.is_some() {
            self.arrivals.headers = headers;
        }
        if let Some(message) = message {
            self.requested = false;
            self.arrivals.messages.push_back(message);
        }
        match end {
            None => {}
            Some(Ending::HalfClosed) => self.arrivals.end = Some(Finish::HalfClosed),
            Some(Ending::Status(status)) => self.end(Finish::Status(status), wakes),
        }
        wakes.extend(self.reader.take());
    }

    /// The stream ended without a status; that overtakes everything.
    pub(crate) fn reset(&mut self, status: Status, refused: bool, wakes: &mut Wakes) {
        self.arrivals = Arrivals::default();
        self.end(Finish::Reset { status, refused }, wakes);
        wakes.extend(self.reader.take());
    }

    fn end(&mut self, finish: Finish, wakes: &mut Wakes) {
        self.over = true;
        self.arrivals.end = Some(finish);
        wakes.extend(self.writer.take());
        wakes.extend(self.watcher.take());
    }

    /// The stream takes messages again.
    pub(crate) fn ready(&mut self, wakes: &mut Wakes) {
        wakes.extend(self.writer.take());
    }

    /// The stream is over and has nothing to tell: its status was given by this side, and went.
    pub(crate) fn finished(&mut self, wakes: &mut Wakes) {
        self.over = true;
        for waiting in [&mut self.reader, &mut self.writer, &mut self.watcher] {
            wakes.extend(waiting.take());
        }
    }

    /// Moves what has arrived into `arrived`, which is empty; answers whether that was anything.
    pub(crate) fn take_all(&mut self, arrived: &mut Arrivals) -> bool {
        debug_assert!(arrived.is_empty());
        if self.arrivals.is_empty() {
            return false;
        }
        *arrived = std::mem::take(&mut self.arrivals);
        true
    }

    /// Whether a message has to be requested for anything to arrive; once it was asked it counts as done.
    pub(crate) fn wants_request(&mut self) -> bool {
        !self.over && !std::mem::replace(&mut self.requested, true)
    }

    /// Whether nothing more arrives and nothing can be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the stream ended without any handler having seen the call, and nobody was told yet.
    pub(crate) fn was_refused(&self) -> bool {
        matches!(self.arrivals.end, Some(Finish::Reset { refused: true, .. }))
    }

    pub(crate) fn park_reader(&mut self, cx: &Context<'_>) {
        park(&mut self.reader, cx);
    }

    pub(crate) fn park_writer(&mut self, cx: &Context<'_>) {
        park(&mut self.writer, cx);
    }

    /// Ready when the stream is over. A reader that waited until that was told is put into `wakes`.
    pub(crate) fn poll_over(&mut self, cx: &Context<'_>, wakes: &mut Wakes) -> Poll<()> {
        if self.over {
            if !std::mem::replace(&mut self.told, true) {
                wakes.extend(self.reader.take());
            }
            return Poll::Ready(());
        }
        park(&mut self.watcher, cx);
        Poll::Pending
    }

    /// Whether the stream was reset, and nobody was told yet that it is over.
    pub(crate) fn has_untold_reset(&self) -> bool {
        !self.told && self.arrivals.is_reset()
    }
}

fn park(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}
