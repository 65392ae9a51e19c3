//! What has arrived for one stream and waits for its owner.

use std::task::{Context, Poll, Waker};

use samehost_transport_api::Code;

use super::queue::SmallQueue;
use super::waitlist::Wakes;
use super::{Message, Status};
use crate::wire::MetadataBlock;

/// What the owner of a stream is told, in the order of the wire.
#[derive(Debug)]
pub(crate) enum Arrival {
    Headers(MetadataBlock),
    Message(Message),
    HalfClosed,
    /// The outcome of a stream that this side opened; nothing follows.
    Status(Status),
    /// The stream ended without a status; nothing follows. `refused`: no handler saw the call.
    Reset {
        status: Status,
        refused: bool,
    },
}

/// What has arrived: of a unary call three things at most.
pub(crate) type Arrivals = SmallQueue<Arrival, 3>;

impl Status {
    /// A status without trailers.
    pub(crate) fn of(code: Code, text: String) -> Status {
        Status { code, text, trailers: MetadataBlock::new() }
    }
}

impl Arrival {
    /// The end that this side gives to a stream.
    pub(crate) fn reset(code: Code, text: &str) -> Arrival {
        Arrival::Reset { status: Status::of(code, text.to_owned()), refused: false }
    }

    fn is_last(&self) -> bool {
        matches!(self, Arrival::Status(_) | Arrival::Reset { .. })
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
            arrivals: Arrivals::new(),
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

    /// Takes an arrival in; a reset overtakes everything. Those to be woken are put into `wakes`.
    pub(crate) fn put(&mut self, arrival: Arrival, wakes: &mut Wakes) {
        match arrival {
            Arrival::Reset { .. } => self.arrivals.clear(),
            Arrival::Message(_) => self.requested = false,
            _ => {}
        }
        if arrival.is_last() {
            self.over = true;
            wakes.extend(self.writer.take());
            wakes.extend(self.watcher.take());
        }
        self.arrivals.push_back(arrival);
        wakes.extend(self.reader.take());
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

    /// The one message of a request, if that is all that has arrived and nothing follows it.
    pub(crate) fn take_whole(&mut self) -> Option<Message> {
        take_whole(&mut self.arrivals, |_| true)
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
        matches!(self.arrivals.front(), Some(Arrival::Reset { refused: true, .. }))
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
        !self.told && matches!(self.arrivals.front(), Some(Arrival::Reset { .. }))
    }
}

/// Takes the one message of a request, if that is all that has arrived, nothing follows it, and it is wanted.
pub(super) fn take_whole(arrivals: &mut Arrivals, wanted: impl Fn(&Message) -> bool) -> Option<Message> {
    match (arrivals.get(0), arrivals.get(1)) {
        (Some(Arrival::Message(message)), Some(Arrival::HalfClosed)) if wanted(message) => {}
        _ => return None,
    }
    let Some(Arrival::Message(message)) = arrivals.pop_front() else { return None };
    arrivals.pop_front();
    Some(message)
}

fn park(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}
