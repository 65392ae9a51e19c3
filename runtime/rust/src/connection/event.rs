//! What a connection tells its driver.

use std::sync::Arc;

use bytes::Bytes;
use samehost_transport_api::{Code, LinkError};

use super::StreamId;
use crate::wire::{GoAwayCode, Hello, MetadataBlock};

/// A message of a stream, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    /// Whether the bytes are compressed, by the method that the metadata names as `grpc-encoding`.
    pub(crate) compressed: bool,
}

/// A message that is about to be sent, and belongs to somebody else: it is copied or shared where it has to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    Shared(&'a Message),
    /// In memory that somebody wants back soon. It is not compressed.
    Lent(&'a [u8]),
}

impl Content<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Content::Shared(message) => &message.bytes,
            Content::Lent(bytes) => bytes,
        }
    }

    pub(crate) fn is_compressed(&self) -> bool {
        matches!(self, Content::Shared(message) if message.compressed)
    }

    /// The message in memory of its own.
    pub(crate) fn to_message(self) -> Message {
        match self {
            Content::Shared(message) => message.clone(),
            Content::Lent(bytes) => Message { bytes: Bytes::copy_from_slice(bytes), compressed: false },
        }
    }
}

/// What a [`Connection`](super::Connection) tells its driver, pulled by `next_event`. After [`Event::Reset`] there is only
/// what the opener of the stream has received before, and nothing after a status, whoever has given it.
#[derive(Debug)]
pub(crate) enum Event {
    /// The peer's HELLO; from now on streams may be opened.
    Hello { peer: Arc<Hello>, version: u32 },
    /// The peer opened a stream. `deadline_nanos` is what was left of its time when this arrived, 0 for
    /// nothing left, `None` for no deadline.
    Opened { stream: StreamId, path: Arc<str>, deadline_nanos: Option<u64>, metadata: MetadataBlock },
    /// Something has arrived at a stream, to be taken by `take_arrivals`.
    Arrived { stream: StreamId },
    /// The stream ended without a status: `conclude` puts that where it is taken. `refused`: no handler saw the
    /// call, so it may be tried again elsewhere.
    Reset { stream: StreamId, code: Code, text: String, refused: bool, cause: Cause },
    /// `is_ready` of this stream has become true again, or never will: its status has arrived.
    Ready { stream: StreamId },
    /// The peer's GOAWAY. With `NoError` no stream can be opened any more and the open ones go on;
    /// with any other code `Closed` follows. `last_stream` is the last one of this side's that the
    /// peer has accepted, 0 for none.
    GoAway { last_stream: StreamId, code: GoAwayCode, text: String },
    /// `can_open` has become true again.
    CanOpen,
    /// The answer to a `ping`, with its bytes.
    Pong { data: [u8; 8] },
    /// The connection is over: what is still outbound may be written, then the link is closed.
    /// Of all streams whose status had not arrived before `Reset` has been told. What their openers have received they
    /// go on delivering as it is requested.
    Closed(Closed),
}

/// Who ended a stream without a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The peer, by RESET.
    Peer,
    /// This side, by a limit of its own or of the peer's; the peer has been told by RESET.
    Limit,
    /// The peer's GOAWAY: the call came too late to be seen.
    GoAway,
    /// The end of the connection: `Closed` follows, and `closed()` says why.
    Connection,
}

/// How a connection ended.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    pub(crate) end: End,
    /// Why, complete with the address, as the streams that it failed report it. For a clean end it
    /// is what a stream would have failed with, had one been open.
    pub(crate) error: LinkError,
}

/// The kinds of end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Between two frames, or drained.
    Clean,
    /// Inside a preface or a frame.
    Truncated,
    /// The peer broke a rule, or speaks something else.
    Malformed,
    /// The peer ended it by GOAWAY, with an error.
    GoAway,
    /// This side gave up: `fail`, `link_failed`, `hello_timeout`.
    Failed,
}
