//! Who waits for what of a stream.

use std::task::{Context, Waker};

use super::waitlist::Wakes;

/// Who waits for what of a stream that has an owner: the reader of its messages, the writer that waits for room, and
/// the watcher of its end.
#[derive(Debug)]
pub(crate) struct Waiters {
    /// Where the OPEN of a stream of this side begins, in all that this side writes.
    open_at: Option<u64>,
    /// Whoever asked whether the stream is over was told so.
    pub(crate) told: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    watcher: Option<Waker>,
}

impl Waiters {
    /// `open_at`: where the OPEN of a stream of this side begins, in all that this side writes. `reader`: who waits for
    /// what arrives.
    pub(crate) fn new(open_at: Option<u64>, reader: Option<Waker>) -> Waiters {
        Waiters { open_at, told: false, reader, writer: None, watcher: None }
    }

    /// Whether not one byte of the stream was written, of this side's so many.
    pub(crate) fn is_unsent(&self, written: u64) -> bool {
        self.open_at.is_some_and(|open_at| written <= open_at)
    }

    pub(crate) fn park_reader(&mut self, cx: &Context<'_>) {
        park(&mut self.reader, cx);
    }

    pub(crate) fn park_writer(&mut self, cx: &Context<'_>) {
        park(&mut self.writer, cx);
    }

    pub(crate) fn park_watcher(&mut self, cx: &Context<'_>) {
        park(&mut self.watcher, cx);
    }

    /// Something has arrived. Those to be woken are put into `wakes`, here and below.
    pub(crate) fn wake_reader(&mut self, wakes: &mut Wakes) {
        wakes.extend(self.reader.take());
    }

    /// The reader has seen for himself, and need not be woken.
    pub(crate) fn take_reader(&mut self) -> Option<Waker> {
        self.reader.take()
    }

    /// The stream takes messages again.
    pub(crate) fn wake_writer(&mut self, wakes: &mut Wakes) {
        wakes.extend(self.writer.take());
    }

    /// The stream is over.
    pub(crate) fn wake_all(&mut self, wakes: &mut Wakes) {
        for waiting in [&mut self.reader, &mut self.writer, &mut self.watcher] {
            wakes.extend(waiting.take());
        }
    }
}

fn park(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}
