//! One end of a connection.

use bytes::Bytes;
use samehost_transport_api::{Code, LinkError};

use super::event::{Closed, Event, Message, Status};
use super::{ConnectionState, OpenError, Settings, Side, StreamError, StreamId};
use crate::wire::{GoAwayCode, Hello, MetadataBlock};

/// One end of a connection as PROTOCOL.md describes it: bytes in, events out; actions in, bytes out.
/// It does no I/O, knows no clock and no threads; its driver holds a lock around every call.
///
/// After `receive`, `receive_end`, `sent` and after every action the driver takes all events by
/// [`next_event`](Connection::next_event) and writes [`outbound`](Connection::outbound).
///
/// An action on a stream that is over answers [`StreamError::Gone`] and does nothing, for the peer may end it
/// at any time; an action out of order (a message after the end) is the caller's mistake and
/// answers [`StreamError::Order`].
pub(crate) struct Connection {}

impl Connection {
    /// A connection at the beginning of its link. A connector has output at once.
    pub(crate) fn new(side: Side, settings: Settings) -> Connection {
        todo!()
    }

    // Input

    /// Takes all bytes that arrived. Bytes that come after the end are dropped.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        todo!()
    }

    /// The link has ended; nothing more arrives.
    pub(crate) fn receive_end(&mut self) {
        todo!()
    }

    /// The next event.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        todo!()
    }

    // Output

    /// What is to be written, oldest first; empty when there is nothing.
    pub(crate) fn outbound(&self) -> &[u8] {
        todo!()
    }

    /// So many bytes of `outbound` were written.
    pub(crate) fn sent(&mut self, bytes: usize) {
        todo!()
    }

    // Actions

    /// Whether a stream may be opened now: the connection is open, the peer takes one more, and the
    /// outbound queue has room. When it becomes true again, [`Event::CanOpen`] follows.
    pub(crate) fn can_open(&self) -> bool {
        todo!()
    }

    /// Opens a stream, in one frame when all of it fits. `message` is the first message, `end` says
    /// that none follows it. `deadline_nanos` is what is left of the call's time.
    pub(crate) fn open(
        &mut self,
        path: &str,
        metadata: &MetadataBlock,
        deadline_nanos: Option<u64>,
        message: Option<Message>,
        end: bool,
    ) -> Result<StreamId, OpenError> {
        todo!()
    }

    /// The acceptor's response headers, once, before its first message.
    pub(crate) fn send_headers(
        &mut self,
        stream: StreamId,
        headers: MetadataBlock,
    ) -> Result<(), StreamError> {
        todo!()
    }

    /// Sends a message, or queues it in the stream. It is never refused for want of room:
    /// [`is_ready`](Connection::is_ready) asks for moderation. `end`: it is the opener's last one.
    pub(crate) fn send_message(
        &mut self,
        stream: StreamId,
        message: Message,
        end: bool,
    ) -> Result<(), StreamError> {
        todo!()
    }

    /// The opener sends no further message.
    pub(crate) fn half_close(&mut self, stream: StreamId) -> Result<(), StreamError> {
        todo!()
    }

    /// The acceptor's last word, which waits behind the messages that are queued;
    /// [`Event::Finished`] follows when it is in the outbound queue. A unary response is one call of
    /// this and one frame. `headers` are the response headers where none were sent, `None` for none
    /// (or when they were).
    pub(crate) fn send_status(
        &mut self,
        stream: StreamId,
        headers: Option<MetadataBlock>,
        message: Option<Message>,
        status: Status,
    ) -> Result<(), StreamError> {
        todo!()
    }

    /// Ends a stream at once, dropping what is queued either way; no event of it follows. `code` is not `Ok`.
    pub(crate) fn reset(&mut self, stream: StreamId, code: Code, text: &str) {
        todo!()
    }

    /// As [`reset`](Connection::reset), by the acceptor of a call that no handler has seen.
    pub(crate) fn refuse(&mut self, stream: StreamId, code: Code, text: &str) {
        todo!()
    }

    /// So many more messages of the stream are wanted; their events may follow at once.
    pub(crate) fn request(&mut self, stream: StreamId, messages: u32) {
        todo!()
    }

    /// Asks the peer for a sign of life; [`Event::Pong`] follows.
    pub(crate) fn ping(&mut self, data: [u8; 8]) {
        todo!()
    }

    /// Takes no new stream from now on, and opens none. [`Event::Closed`] follows when the open ones
    /// are over.
    pub(crate) fn go_away(&mut self, text: &str) {
        todo!()
    }

    /// Gives up, telling the peer by GOAWAY. Every open stream fails with `error`.
    pub(crate) fn fail(&mut self, code: GoAwayCode, text: &str, error: LinkError) {
        todo!()
    }

    /// The link is broken: as `receive_end`, with the link's own error. What is outbound is dropped.
    pub(crate) fn link_failed(&mut self, error: LinkError) {
        todo!()
    }

    /// HELLO has not arrived in time: gives up with the fault that fits what did arrive. `seconds`
    /// is for its text.
    pub(crate) fn hello_timeout(&mut self, seconds: u64) {
        todo!()
    }

    // Queries

    /// Where the connection stands.
    pub(crate) fn state(&self) -> ConnectionState {
        todo!()
    }

    /// How it ended; `None` while it has not. True before the events of the end are pulled.
    pub(crate) fn closed(&self) -> Option<&Closed> {
        todo!()
    }

    /// Whether the stream takes a message without queueing more than it should. When it becomes
    /// true again, [`Event::Ready`] follows.
    pub(crate) fn is_ready(&self, stream: StreamId) -> bool {
        todo!()
    }

    /// How many streams are open on the wire, of both sides.
    pub(crate) fn open_streams(&self) -> usize {
        todo!()
    }

    /// The peer's HELLO, when it has arrived.
    pub(crate) fn peer_hello(&self) -> Option<&Hello> {
        todo!()
    }

    /// Whether both sides named this feature, such as `gzip`.
    pub(crate) fn has_feature(&self, name: &str) -> bool {
        todo!()
    }

    /// What came before the peer's preface, up to `noise_bytes`: for logs and faults.
    pub(crate) fn skipped(&self) -> &[u8] {
        todo!()
    }
}
