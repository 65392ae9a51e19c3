//! What arrives.

use std::sync::Arc;

use samehost_transport_api::{Code, Fault};

use super::arrivals::Finish;
use super::event::{Cause, End, Event};
use super::inbox::{Encoding, Inbox};
use super::outbox::{Outbox, Stage};
use super::rejection::{Failure, Rejection, Towards};
use super::stream::{Stream, StreamState};
use super::{Connection, ConnectionState, Status, StreamId, ids};
use crate::wire::{self, Flags, Frame, FrameType, GoAwayCode, Hello, Limits, MetadataBlock, WireError};

/// So many calls may be served whose callers have given up, beside those that are open.
const MOST_LINGERING: usize = 1024;

impl Connection {
    /// Takes all bytes that arrived. Bytes that come after the end are dropped.
    pub(crate) fn receive(&mut self, mut bytes: &[u8]) {
        if self.state == ConnectionState::AwaitPreface {
            match self.preface.receive(&mut bytes) {
                Ok(true) => self.state = ConnectionState::AwaitHello,
                Ok(false) => return,
                Err(fault) => {
                    self.close(End::Malformed, self.first_fault(fault));
                    return;
                }
            }
        }
        while self.state != ConnectionState::Closed {
            let taken = match self.reader.next(&mut bytes) {
                Ok(None) => break,
                Ok(Some(frame)) => self.take_frame(&frame),
                Err(error) => Err(error),
            };
            if let Err(error) = taken {
                self.broken(&error);
            }
            if self.peer_hello.is_some() {
                self.reader.allow(self.own.max_frame_bytes);
            }
        }
        self.note_can_open();
    }

    fn take_frame(&mut self, frame: &Frame<'_>) -> Result<(), WireError> {
        let outbound = self.writer.len();
        match self.dispatch(frame) {
            Ok(()) => {}
            Err(Rejection::Connection(error)) => return Err(error),
            Err(Rejection::Stream(failure)) => self.fail_stream(frame.header.stream, failure),
        }
        let answered = self.writer.len() > outbound;
        let over = self.writer.len() > self.settings.outbound_bytes;
        if answered && over && self.state != ConnectionState::Closed {
            return Err(WireError {
                code: GoAwayCode::LimitExceeded,
                text: "too many answers wait that are not read".into(),
            });
        }
        Ok(())
    }

    fn dispatch(&mut self, frame: &Frame<'_>) -> Result<(), Rejection> {
        let header = &frame.header;
        let frame_type = FrameType::from_number(header.type_number);
        if self.state == ConnectionState::AwaitHello
            && !matches!(frame_type, Some(FrameType::Hello | FrameType::GoAway))
        {
            return Err(WireError::protocol("a frame before HELLO").into());
        }
        let Some(frame_type) = frame_type else {
            return if header.type_number < 128 {
                Err(WireError::protocol(format!("a frame of the unknown type {}", header.type_number)).into())
            } else {
                Ok(())
            };
        };
        let of_connection = matches!(frame_type, FrameType::Hello | FrameType::Ping | FrameType::GoAway);
        match (of_connection, header.stream) {
            (true, 0) => {}
            (true, _) => return Err(WireError::protocol("a frame of the connection has a stream").into()),
            (false, 0) => return Err(WireError::protocol("a frame of a stream has none").into()),
            (false, id) if frame_type != FrameType::Open => match self.streams.get(id) {
                Some(stream) if !stream.is_over() => {}
                _ if self.was_opened(id) => return Ok(()),
                _ => return Err(WireError::protocol("a frame of a stream that was never opened").into()),
            },
            _ => {}
        }
        match frame_type {
            FrameType::Hello => self.take_hello(frame)?,
            FrameType::Open => self.take_open(frame)?,
            FrameType::Headers => self.take_headers(frame)?,
            FrameType::Message => self.take_message(frame)?,
            FrameType::Status => self.take_status(frame)?,
            FrameType::Reset => self.take_reset(frame)?,
            FrameType::Credit => self.take_credit(frame)?,
            FrameType::Ping => self.take_ping(frame)?,
            FrameType::GoAway => {
                let told = wire::GoAway::decode(frame)?;
                self.told_to_go_away(header.word, told.code, told.text);
            }
        }
        Ok(())
    }

    /// Whether a stream with this id was opened at some time; ids that were skipped count as well.
    fn was_opened(&self, id: StreamId) -> bool {
        let last = if ids::is_opened_by(id, self.side) { self.last_own_id } else { self.last_peer_id };
        last.is_some_and(|last| !ids::is_later(id, last))
    }

    fn take_hello(&mut self, frame: &Frame<'_>) -> Result<(), WireError> {
        if self.peer_hello.is_some() {
            return Err(WireError::protocol("a second HELLO"));
        }
        let hello = Arc::new(Hello::decode(frame.payload.as_slice())?);
        self.peer = Limits::of(&hello)?;
        self.peer_hello = Some(Arc::clone(&hello));
        self.say_hello();
        let (oldest, newest) = (self.settings.hello.min_version, self.settings.hello.max_version);
        let version = newest.min(hello.max_version);
        if version < oldest.max(hello.min_version) {
            let text = format!("this side speaks the versions {oldest} to {newest}").into();
            return Err(WireError { code: GoAwayCode::VersionMismatch, text });
        }
        self.state = ConnectionState::Open;
        self.could_open = true; // the event says so
        self.events.push_back(Event::Hello { peer: hello, version });
        Ok(())
    }

    fn take_open(&mut self, frame: &Frame<'_>) -> Result<(), WireError> {
        let (id, flags) = (frame.header.stream, frame.header.flags);
        let open = wire::Open::decode(frame)?;
        self.take_peer_id(id)?;
        let path = self.incoming_methods.resolve(frame.header.word, open.path, self.own.max_methods)?;
        let end = flags.has(Flags::END);
        let (encoding, max_message_bytes) = (self.encoding(&open.metadata), self.own.max_message_bytes);
        // It may be refused yet, but is in its place from the beginning: so it is not moved.
        let stream = self.streams.insert_with(id, || {
            let outbox = Outbox::new(self.peer.initial_credit, Stage::Nothing);
            Stream::new(false, end, outbox, Inbox::new(Towards::Server, self.own.initial_credit))
        });
        let inbox = &mut stream.inbox;
        inbox.set_encoding(encoding);
        let taken = match open.message {
            None => Ok(()),
            Some(bytes) => inbox.take_whole(bytes, flags.has(Flags::COMPRESSED), max_message_bytes),
        };
        if end {
            inbox.take_ending(Finish::HalfClosed);
        }
        let failed = match taken {
            Err(Rejection::Connection(error)) => {
                self.streams.remove(id);
                return Err(error);
            }
            Err(Rejection::Stream(failure)) => Err(failure),
            Ok(()) => Ok(()),
        };
        let checked = || self.check_block(&open.metadata, Towards::Server).and(failed);
        let refused = self.refusal().map_err(|failure| (failure, true));
        if let Err((failure, unseen)) = refused.and_then(|()| checked().map_err(|failure| (failure, false))) {
            self.streams.remove(id);
            self.writer.reset(id, failure.code as u32, &failure.text, unseen);
            return Ok(());
        }
        self.opened_there += 1;
        self.last_accepted = id;
        let (deadline_nanos, metadata) = (open.deadline_nanos, open.metadata);
        self.events.push_back(Event::Opened { stream: id, path, deadline_nanos, metadata });
        self.note_arrivals(id);
        Ok(())
    }

    fn take_peer_id(&mut self, id: StreamId) -> Result<(), WireError> {
        if ids::is_opened_by(id, self.side) {
            let text = match self.was_opened(id) {
                true => format!(
                    "OPEN of stream {id}, which is this side's own: the peer sends back what it is sent, and does not speak samehost"
                ),
                false => "an OPEN with an id of the other side's".to_owned(),
            };
            return Err(WireError::protocol(text));
        }
        if self.last_peer_id.is_some_and(|last| !ids::is_later(id, last)) || self.streams.contains(id) {
            return Err(WireError::protocol("an OPEN with an id that is not later"));
        }
        self.last_peer_id = Some(id);
        Ok(())
    }

    /// Whether this side takes a stream more; if not, what refuses it.
    fn refusal(&self) -> Result<(), Failure> {
        if self.state == ConnectionState::Draining {
            return Err(Failure::of(Fault::PeerDraining, &[&self.settings.address]));
        }
        if self.opened_there >= self.own.max_streams || self.too_many_linger() {
            return Err(Failure::of(Fault::TooManyStreams, &[&self.own.max_streams]));
        }
        Ok(())
    }

    /// Whether too many of the peer's calls are over, but not for those who serve them: a peer that opens and cancels
    /// must not have them pile up.
    fn too_many_linger(&self) -> bool {
        let lingers = |stream: &Stream| !stream.opened_here && stream.is_over();
        self.streams.len() > self.open_streams() + MOST_LINGERING
            && self.streams.iter().filter(|(_, stream)| lingers(stream)).count() >= MOST_LINGERING
    }

    #[inline]
    fn check_block(&self, block: &MetadataBlock, towards: Towards) -> Result<(), Failure> {
        Failure::check_metadata(block.size(), self.own.max_metadata_bytes as usize, towards)
    }

    fn take_headers(&mut self, frame: &Frame<'_>) -> Result<(), Rejection> {
        let headers = wire::decode_headers(frame)?;
        let encoding = self.encoding(&headers);
        let id = frame.header.stream;
        let stream = self.stream(id);
        if !stream.opened_here {
            return Err(WireError::protocol("a HEADERS from the stream's opener").into());
        }
        if stream.headers_arrived {
            return Err(WireError::protocol("a second HEADERS").into());
        }
        stream.headers_arrived = true;
        stream.inbox.set_encoding(encoding);
        self.check_block(&headers, Towards::Client)?;
        self.stream(id).inbox.take_headers(headers);
        self.note_arrivals(id);
        Ok(())
    }

    fn take_message(&mut self, frame: &Frame<'_>) -> Result<(), Rejection> {
        let (id, flags) = (frame.header.stream, frame.header.flags);
        let max_message_bytes = self.own.max_message_bytes;
        let stream = self.stream(id);
        let (from_opener, end) = (!stream.opened_here, flags.has(Flags::END));
        if from_opener && stream.state() == StreamState::HalfClosed {
            return Err(WireError::protocol("a MESSAGE after END").into());
        }
        if !from_opener && end {
            return Err(WireError::protocol("a MESSAGE with END from the stream's acceptor").into());
        }
        if !from_opener && !stream.headers_arrived {
            return Err(WireError::protocol("a MESSAGE before HEADERS").into());
        }
        if end && frame.header.word > 0 {
            return Err(WireError::protocol("END before the last piece of a message").into());
        }
        if flags.has(Flags::MESSAGE) {
            stream.inbox.take_piece(frame, max_message_bytes)?;
        } else if !end || frame.header.length > 0 {
            return Err(WireError::protocol("a MESSAGE frame without message is no half-close").into());
        } else if stream.inbox.is_inside_message() {
            return Err(WireError::protocol("a half-close inside a message").into());
        }
        if end {
            stream.half_close();
            stream.inbox.take_ending(Finish::HalfClosed);
        }
        self.note_arrivals(id);
        Ok(())
    }

    fn take_status(&mut self, frame: &Frame<'_>) -> Result<(), Rejection> {
        let wire::Status { headers, text, trailers, message } = wire::Status::decode(frame)?;
        let encoding = headers.as_ref().map(|headers| self.encoding(headers));
        let max_message_bytes = self.own.max_message_bytes;
        let id = frame.header.stream;
        let stream = self.stream(id);
        if !stream.opened_here {
            return Err(WireError::protocol("a STATUS from the stream's opener").into());
        }
        if stream.headers_arrived && headers.is_some() {
            return Err(WireError::protocol("a second HEADERS").into());
        }
        if !stream.headers_arrived && headers.is_none() && message.is_some() {
            return Err(WireError::protocol("a STATUS with a message and without HEADERS").into());
        }
        if stream.inbox.is_inside_message() {
            return Err(WireError::protocol("a STATUS inside a message").into());
        }
        if let Some(encoding) = encoding {
            stream.inbox.set_encoding(encoding);
        }
        let compressed = frame.header.flags.has(Flags::COMPRESSED);
        let message = match message {
            None => None,
            Some(bytes) => Some((stream.inbox.spend(bytes.len())?, bytes)),
        };
        self.check_block(&trailers, Towards::Client)?;
        if let Some(headers) = &headers {
            self.check_block(headers, Towards::Client)?;
        }
        if let Some((cost, bytes)) = message {
            self.stream(id).inbox.take_spent(bytes, cost, compressed, max_message_bytes)?;
        }
        let status = Status::new(Code::from_number(frame.header.word), text, trailers);
        self.stop_sending(id);
        let stream = self.stream(id);
        stream.close();
        if let Some(headers) = headers {
            stream.inbox.take_headers(headers);
        }
        stream.inbox.take_ending(Finish::Status(status));
        let sender_waits = stream.outbox.owes_ready() && !stream.inbox.is_finished();
        self.count_closed(true);
        if sender_waits {
            // Whoever reads is told in its time; whoever waits for room must not wait for that.
            self.events.push_back(Event::Ready { stream: id });
        }
        self.note_arrivals(id);
        self.end_if_drained();
        Ok(())
    }

    fn take_reset(&mut self, frame: &Frame<'_>) -> Result<(), WireError> {
        let text = wire::decode_reset(frame)?;
        let (id, word) = (frame.header.stream, frame.header.word);
        let refused = frame.header.flags.has(Flags::REFUSED);
        if word == 0 {
            return Err(WireError::protocol("a RESET with the code 0"));
        }
        if refused && !self.stream(id).opened_here {
            return Err(WireError::protocol("a RESET with REFUSED from the stream's opener"));
        }
        self.cut_off(id, Failure { code: Code::from_number(word), text }, refused, Cause::Peer);
        self.end_if_drained();
        Ok(())
    }

    fn take_credit(&mut self, frame: &Frame<'_>) -> Result<(), WireError> {
        if frame.header.length > 0 {
            return Err(WireError::protocol("a CREDIT with a payload"));
        }
        let id = frame.header.stream;
        self.stream(id).outbox.grant(frame.header.word)?;
        self.stream_may_write(id);
        Ok(())
    }

    fn take_ping(&mut self, frame: &Frame<'_>) -> Result<(), WireError> {
        let data = wire::decode_ping(frame)?;
        if !frame.header.flags.has(Flags::ACK) {
            self.writer.ping(&data, true);
        } else if self.pings.front() == Some(&data) {
            self.pings.pop_front();
            self.events.push_back(Event::Pong { data });
        }
        Ok(())
    }

    /// A stream that `dispatch` has found open.
    #[inline]
    fn stream(&mut self, id: StreamId) -> &mut Stream {
        self.streams.get_mut(id).expect("the stream was found open")
    }

    #[inline]
    fn encoding(&self, block: &MetadataBlock) -> Encoding {
        Encoding::of(block, |name| name == "gzip" && self.has_feature(name))
    }
}
