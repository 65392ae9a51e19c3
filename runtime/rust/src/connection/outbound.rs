//! What is to be written, and whose turn it is to write.

use super::event::{Cause, Event};
use super::inbox::Inbox;
use super::outbox::Turn;
use super::rejection::Failure;
use super::{Connection, ConnectionState, StreamId};

impl Connection {
    /// What is to be written, oldest first; empty when there is nothing.
    pub(crate) fn outbound(&self) -> &[u8] {
        self.writer.outbound()
    }

    /// Drops what is to be written: it cannot be.
    pub(crate) fn drop_output(&mut self) {
        self.writer.clear();
    }

    /// So many bytes of `outbound` were written.
    ///
    /// # Panics
    /// When these are more than there were.
    pub(crate) fn sent(&mut self, bytes: usize) {
        if self.state == ConnectionState::Closed {
            // The end may have dropped what was being written.
            self.writer.sent(bytes.min(self.writer.len()));
            return;
        }
        self.writer.sent(bytes);
        self.write_streams();
        self.note_can_open();
    }

    /// Puts a stream into the line, if it could write, and writes what there is room for.
    pub(super) fn stream_may_write(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if !stream.outbox.in_line && stream.outbox.can_write() {
            stream.outbox.in_line = true;
            self.line.push_back(id);
        }
        self.write_streams();
    }

    /// Gives the streams in the line their turns, a frame each, while there is room for messages.
    pub(super) fn write_streams(&mut self) {
        while self.has_room_for_messages() {
            let Some(id) = self.line.pop_front() else { return };
            self.write_stream(id);
        }
    }

    fn write_stream(&mut self, id: StreamId) {
        let bounds = self.frame_bounds();
        let stream = self.streams.get_mut(id).expect("a stream in the line is open");
        stream.outbox.in_line = false;
        let turn = stream.outbox.write(id, bounds, &mut self.writer);
        self.after_turn(id, turn);
    }

    /// What follows from a turn of a stream: it ends, or stands in the line again.
    pub(super) fn after_turn(&mut self, id: StreamId, turn: Turn) {
        let stream = self.streams.get_mut(id).expect("a stream that has had its turn is open");
        match turn {
            Turn::Wrote | Turn::Blocked => {}
            Turn::HalfClosed => stream.half_close(),
            Turn::Finished => {
                self.remove(id);
                self.end_if_drained();
                self.note_can_open();
                return;
            }
        }
        if stream.outbox.can_write() {
            stream.outbox.in_line = true;
            self.line.push_back(id);
        }
        if stream.outbox.take_ready(self.settings.ready_bytes) {
            self.events.push_back(Event::Ready { stream: id });
        }
    }

    /// A stream ends without a status, though its application has not said so.
    pub(super) fn cut_off(&mut self, id: StreamId, failure: Failure, refused: bool, cause: Cause) {
        self.take_out(id, Inbox::cut_off);
        let Failure { code, text } = failure;
        self.events.push_back(Event::Reset { stream: id, code, text, refused, cause });
    }

    /// Takes a stream that is over, or that ends here, out of everything; what it has told of may be taken yet.
    pub(super) fn remove(&mut self, id: StreamId) {
        self.take_out(id, Inbox::stop);
    }

    fn take_out(&mut self, id: StreamId, end: impl Fn(&mut Inbox)) {
        self.stop_sending(id);
        let Some(stream) = self.streams.get_mut(id) else { return };
        let ends_here = (!stream.is_over()).then_some(stream.opened_here);
        if ends_here.is_some() {
            stream.close();
        }
        end(&mut stream.inbox);
        if stream.has_gone() {
            self.streams.remove(id);
        }
        if let Some(opened_here) = ends_here {
            self.count_closed(opened_here);
        }
    }

    /// The peer has ended a stream: what waits is dropped.
    #[inline]
    pub(super) fn stop_sending(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.outbox.clear();
        if std::mem::take(&mut stream.outbox.in_line) {
            self.line.retain(|&waiting| waiting != id);
        }
    }

    /// A stream is no longer open on the wire.
    pub(super) fn count_closed(&mut self, opened_here: bool) {
        if opened_here {
            self.opened_here -= 1;
        } else {
            self.opened_there -= 1;
        }
    }
}
