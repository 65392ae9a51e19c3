//! What the application does.

use samehost_transport_api::{Code, Fault};

use super::event::{Cause, Content, Event, Message};
use super::ids;
use super::inbox::Inbox;
use super::outbox::{Answer, Outbox, Outgoing, Stage};
use super::rejection::{Failure, Towards};
use super::stream::Stream;
use super::waiters::Waiters;
use super::{Connection, ConnectionState, Status, StreamId};
use crate::wire::{MetadataBlock, OpenFields, StatusFields, is_path};

/// Why a stream was not opened; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// `can_open` is false for the moment; `CanOpen` (or `Hello`) follows when it is true.
    NotNow,
    /// The connection is draining or closed: it will never open one again.
    Over,
    /// The call can never be sent: its path is none, or its metadata or message is above the peer's limit.
    Failed { code: Code, text: String },
}

/// Why an action on a stream was not done; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamError {
    /// The stream is over; an event says how, unless this side ended it.
    Gone,
    /// The action is out of order: a mistake of the caller's, which the text names.
    Order(&'static str),
}

impl Connection {
    /// Opens a stream, in one frame when all of it fits. `message` is the first message, `end` says
    /// that none follows it. `deadline_nanos` is what is left of the call's time.
    pub(crate) fn open(
        &mut self,
        path: &str,
        metadata: &MetadataBlock,
        deadline_nanos: Option<u64>,
        message: Option<Content<'_>>,
        end: bool,
    ) -> Result<StreamId, OpenError> {
        match self.state {
            ConnectionState::Draining | ConnectionState::Closed => return Err(OpenError::Over),
            _ if !self.can_open() => {
                self.could_open = false;
                return Err(OpenError::NotNow);
            }
            _ => {}
        }
        let known = self.outgoing_methods.known(path);
        if known.is_none() && !is_path(path) {
            let Failure { code, text } = Failure::of(Fault::MethodUnknown, &[&path.trim_start_matches('/')]);
            return Err(OpenError::Failed { code, text });
        }
        self.check_open(path, metadata, deadline_nanos, message.as_ref().map(Content::bytes))
            .map_err(|Failure { code, text }| OpenError::Failed { code, text })?;
        let id = self.take_id();
        let piece = self.frame_bounds().piece;
        let stream = self.streams.insert_with(id, || {
            let outbox = Outbox::new(self.peer.initial_credit, Stage::Messages);
            Stream::new(true, false, outbox, Inbox::new(Towards::Client, self.own.initial_credit))
        });
        let (word, path) = match known {
            Some(word) => (word, None),
            None => (self.outgoing_methods.bind(path, self.peer.max_methods), Some(path)),
        };
        let mut fields =
            OpenFields { path, deadline_nanos, metadata, message: None, compressed: false, end: false };
        let mut follows = None;
        match message {
            None => fields.end = end,
            Some(ref first)
                if fields.size() + first.bytes().len() <= piece
                    && stream.outbox.spend_whole(first.bytes().len()) =>
            {
                let (message, compressed) = (Some(first.bytes()), first.is_compressed());
                fields = OpenFields { message, compressed, end, ..fields };
            }
            Some(message) => follows = Some(message.to_message()),
        }
        self.writer.open(id, word, &fields);
        if fields.end {
            stream.half_close();
        }
        if end {
            stream.outbox.stage = Stage::Ended;
        }
        self.opened_here += 1;
        if let Some(message) = follows {
            self.enqueue(id, Outgoing::Message { message, begun: false, end });
        }
        self.note_can_open();
        Ok(id)
    }

    /// The acceptor's response headers, once, before its first message.
    pub(crate) fn send_headers(&mut self, id: StreamId, headers: MetadataBlock) -> Result<(), StreamError> {
        let outbox = &mut self.open_stream(id)?.outbox;
        match outbox.stage {
            Stage::Nothing => outbox.stage = Stage::Messages,
            _ => return Err(StreamError::Order("headers are sent once, by the acceptor, and first")),
        }
        let checked = self.check_metadata(&headers, 2, Towards::Client);
        self.enqueue_checked(id, checked, Outgoing::Headers(headers));
        Ok(())
    }

    /// Sends a message, or queues it in the stream. It is never refused for want of room:
    /// [`is_ready`](Connection::is_ready) asks for moderation. `end`: it is the opener's last one.
    /// A message above the peer's limit fails the stream.
    pub(crate) fn send_message(
        &mut self,
        id: StreamId,
        message: Message,
        end: bool,
    ) -> Result<(), StreamError> {
        let stream = self.open_stream(id)?;
        let opened_here = stream.opened_here;
        match stream.outbox.stage {
            Stage::Nothing => return Err(StreamError::Order("headers go before the first message")),
            Stage::Ended => return Err(StreamError::Order("no message follows the end")),
            Stage::Messages if end && !opened_here => {
                return Err(StreamError::Order("an acceptor ends with its status"));
            }
            Stage::Messages if end => stream.outbox.stage = Stage::Ended,
            Stage::Messages => {}
        }
        let towards = if opened_here { Towards::Server } else { Towards::Client };
        let checked = self.check_message(&message.bytes, towards);
        self.enqueue_checked(id, checked, Outgoing::Message { message, begun: false, end });
        Ok(())
    }

    /// The opener sends no further message.
    pub(crate) fn half_close(&mut self, id: StreamId) -> Result<(), StreamError> {
        let stream = self.open_stream(id)?;
        if !stream.opened_here || stream.outbox.stage == Stage::Ended {
            return Err(StreamError::Order("a half-close comes once, from the opener"));
        }
        stream.outbox.stage = Stage::Ended;
        self.enqueue(id, Outgoing::HalfClose);
        Ok(())
    }

    /// The acceptor's last word, which waits behind the messages that are queued. A unary response is one call of
    /// this and one frame. `headers` are the response headers where none were sent, `None` for none
    /// (or when they were). Metadata or a message above the peer's limit fails the stream.
    pub(crate) fn send_status(
        &mut self,
        id: StreamId,
        headers: Option<MetadataBlock>,
        message: Option<Message>,
        status: Status,
    ) -> Result<(), StreamError> {
        let stream = self.open_stream(id)?;
        if stream.opened_here || stream.outbox.stage == Stage::Ended {
            return Err(StreamError::Order("a status comes once, from the acceptor"));
        }
        let headers_were_sent = stream.outbox.stage == Stage::Messages;
        if headers_were_sent && headers.is_some() {
            return Err(StreamError::Order("headers are sent once"));
        }
        stream.outbox.stage = Stage::Ended;
        // A message needs headers before it, be they empty.
        let headers = headers.or((message.is_some() && !headers_were_sent).then(MetadataBlock::new));
        let answer = Answer { headers, message, status };
        self.enqueue_checked(id, self.check_answer(&answer), Outgoing::Answer(answer));
        Ok(())
    }

    /// As [`send_status`](Connection::send_status) of a response that went well, with a message that somebody lends, and
    /// [`let_go`](Connection::let_go). Most often all of it can be written at once, and nothing is left of the stream.
    pub(crate) fn respond(
        &mut self,
        id: StreamId,
        headers: MetadataBlock,
        message: &[u8],
    ) -> Result<Option<Waiters>, StreamError> {
        let (has_turn, bounds) = (self.has_turn(), self.frame_bounds());
        let fields = StatusFields::of_response(&headers, message);
        let fits = has_turn
            && fields.size() + message.len() <= bounds.piece
            && self.check_metadata(&headers, 2, Towards::Client).is_ok()
            && self.check_message(message, Towards::Client).is_ok();
        let stream = self.open_stream(id)?;
        if fits && !stream.opened_here && stream.outbox.says_all_with(message.len()) {
            let waiters = stream.waiters.take();
            self.writer.status(id, &fields);
            self.streams.remove(id);
            self.count_closed(false);
            self.end_if_drained();
            self.note_can_open();
            return Ok(waiters);
        }
        self.send_status(id, Some(headers), Some(Content::Lent(message).to_message()), Status::OK)?;
        Ok(self.let_go(id))
    }

    /// Ends a stream at once, dropping what is queued either way; no event of it follows. `code` is
    /// not `Ok`.
    pub(crate) fn reset(&mut self, id: StreamId, code: Code, text: &str) {
        self.end_stream(id, code, text, false);
    }

    /// As [`reset`](Connection::reset), by the acceptor of a call that no handler has seen.
    pub(crate) fn refuse(&mut self, id: StreamId, code: Code, text: &str) {
        self.end_stream(id, code, text, true);
    }

    /// So many more messages of the stream are wanted; [`Event::Arrived`] may follow at once.
    pub(crate) fn request(&mut self, id: StreamId, messages: u32) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.inbox.request(messages);
            self.note_arrivals(id);
        }
    }

    /// Takes the one message of a request, where all of it came with the OPEN and nothing was requested of it. It spares
    /// an event.
    pub(crate) fn take_request(&mut self, id: StreamId) -> Option<Message> {
        self.streams.get_mut(id)?.inbox.take_request()
    }

    /// Asks the peer for a sign of life; [`Event::Pong`] follows. Does nothing before the peer's
    /// HELLO and after the end.
    pub(crate) fn ping(&mut self, data: [u8; 8]) {
        if matches!(self.state, ConnectionState::Open | ConnectionState::Draining) {
            self.pings.push_back(data);
            self.writer.ping(&data, false);
        }
    }

    /// Tells that something has arrived at a stream which may be taken, if so. Returns credit.
    #[inline]
    pub(super) fn note_arrivals(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if stream.inbox.has_news() {
            self.events.push_back(Event::Arrived { stream: id });
        }
        if let Some(granted) = stream.inbox.take_credit(self.own.initial_credit) {
            self.writer.credit(id, granted);
        }
    }

    /// Fails a stream for a limit, here and at the peer.
    pub(super) fn fail_stream(&mut self, stream: StreamId, failure: Failure) {
        self.writer.reset(stream, failure.code as u32, &failure.text, false);
        self.cut_off(stream, failure, false, Cause::Limit);
        self.end_if_drained();
        self.note_can_open();
    }

    fn open_stream(&mut self, id: StreamId) -> Result<&mut Stream, StreamError> {
        self.streams.get_mut(id).filter(|stream| !stream.is_over()).ok_or(StreamError::Gone)
    }

    fn take_id(&mut self) -> StreamId {
        let mut id = self.next_id;
        while self.streams.contains(id) {
            id = ids::after(id);
        }
        self.next_id = ids::after(id);
        self.last_own_id = Some(id);
        id
    }

    fn enqueue_checked(&mut self, id: StreamId, checked: Result<(), Failure>, outgoing: Outgoing) {
        match checked {
            Ok(()) => self.enqueue(id, outgoing),
            Err(failure) => self.fail_stream(id, failure),
        }
    }

    fn enqueue(&mut self, id: StreamId, outgoing: Outgoing) {
        let bounds = self.frame_bounds();
        let has_turn = self.has_turn();
        let Some(stream) = self.streams.get_mut(id) else { return };
        if has_turn && stream.outbox.may_overtake_queue(&outgoing) {
            let turn = stream.outbox.write_at_once(id, outgoing, bounds, &mut self.writer);
            self.after_turn(id, turn);
            self.write_streams();
        } else {
            stream.outbox.push(outgoing);
            self.stream_may_write(id);
        }
        if let Some(stream) = self.streams.get_mut(id) {
            stream.outbox.note_ready(self.settings.ready_bytes);
        }
    }

    /// Whether nothing else is to be written first.
    fn has_turn(&self) -> bool {
        self.line.is_empty() && self.has_room_for_messages()
    }

    fn end_stream(&mut self, id: StreamId, code: Code, text: &str, refused: bool) {
        debug_assert_ne!(code, Code::Ok, "a RESET is no success");
        let Some(stream) = self.streams.get(id) else { return };
        let refused = refused && !stream.opened_here;
        if !stream.is_over() {
            self.writer.reset(id, code as u32, text, refused);
        }
        self.remove(id);
        self.end_if_drained();
        self.note_can_open();
    }

    fn check_open(
        &self,
        path: &str,
        metadata: &MetadataBlock,
        deadline_nanos: Option<u64>,
        message: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let before = 2 + path.len() + deadline_nanos.map_or(0, |_| 8) + 2;
        self.check_metadata(metadata, before, Towards::Server)?;
        message.map_or(Ok(()), |message| self.check_message(message, Towards::Server))
    }

    /// Whether the peer takes the block, behind so many other bytes of its frame.
    fn check_metadata(&self, block: &MetadataBlock, before: usize, towards: Towards) -> Result<(), Failure> {
        let limit = (self.peer.max_metadata_bytes as usize).min(self.peer.max_frame_bytes as usize - before);
        Failure::check_metadata(block.size(), limit, towards)
    }

    fn check_message(&self, message: &[u8], towards: Towards) -> Result<(), Failure> {
        Failure::check_message(message.len() as u64, self.peer.max_message_bytes, towards)
    }

    fn check_answer(&self, answer: &Answer) -> Result<(), Failure> {
        if let Some(headers) = &answer.headers {
            self.check_metadata(headers, 2, Towards::Client)?;
        }
        self.check_metadata(answer.status.trailers(), 4, Towards::Client)?;
        answer.message.as_ref().map_or(Ok(()), |message| self.check_message(&message.bytes, Towards::Client))
    }
}
