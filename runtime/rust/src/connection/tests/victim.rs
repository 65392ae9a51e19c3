//! One end of a connection whose peer is a test that writes what it likes.

use samehost_transport_api::Code;

use super::super::*;
use super::pair::*;
use crate::wire::{FrameWriter, GoAwayCode, Hello, MetadataBlock, OpenFields, StatusFields};

/// A connector or an acceptor whose peer is a test that writes what it likes.
pub struct Victim {
    pub peer: Peer,
}

impl Victim {
    pub fn new(side: Side, hello_of_victim: Hello) -> Victim {
        let mut peer = Peer::new(side, Settings::new("test:", hello_of_victim));
        let mut writer = FrameWriter::default();
        writer.preface();
        writer.hello(&hello());
        peer.connection.receive(writer.outbound());
        assert_eq!(peer.event(), "hello 1");
        peer.output();
        Victim { peer }
    }

    pub fn acceptor() -> Victim {
        Victim::new(Side::Acceptor, hello())
    }

    /// A connector that has opened stream 1, whose next messages are requested.
    pub fn opener(end: bool) -> Victim {
        let mut victim = Victim::new(Side::Connector, hello());
        let stream = victim.peer.open(None, end);
        victim.peer.connection.request(stream, 10);
        victim.peer.output();
        victim
    }

    /// An acceptor with stream 1 open, whose next messages are requested.
    pub fn server() -> Victim {
        let mut victim = Victim::acceptor();
        victim.receive(|frames| open(frames, 1, PATH));
        assert_eq!(victim.peer.event(), "1 opened /t.S/M");
        victim.peer.connection.request(1, 10);
        victim
    }

    pub fn receive(&mut self, write: impl FnOnce(&mut FrameWriter)) {
        let mut frames = FrameWriter::default();
        write(&mut frames);
        self.peer.connection.receive(frames.outbound());
    }

    /// The connection is lost with this code, and the peer told.
    #[track_caller]
    pub fn dies(mut self, code: GoAwayCode, write: impl FnOnce(&mut FrameWriter)) {
        self.receive(write);
        let events = self.peer.all_events();
        assert_eq!(events.last().map(String::as_str), Some("closed Malformed malformed"));
        let told = self.peer.output();
        let mut start = vec![9, 0, 0, 0];
        start.extend_from_slice(&told[8..16]);
        start.extend_from_slice(&(code as u32).to_le_bytes());
        assert_eq!(told[4..20], start, "a GOAWAY {code}");
    }

    #[track_caller]
    pub fn breaks_the_protocol(self, write: impl FnOnce(&mut FrameWriter)) {
        self.dies(GoAwayCode::ProtocolError, write);
    }

    /// The stream alone is lost; the connection goes on.
    #[track_caller]
    pub fn answers_reset(
        mut self,
        code: Code,
        refused: bool,
        write: impl FnOnce(&mut FrameWriter),
    ) -> Vec<String> {
        self.receive(write);
        let told = self.peer.output();
        assert_eq!((told[4], told[5], told[12]), (6, u8::from(refused), code as u8), "a RESET {code:?}");
        let events = self.peer.all_events();
        assert_ne!(self.peer.connection.state(), ConnectionState::Closed);
        events
    }

    #[track_caller]
    pub fn ignores(mut self, write: impl FnOnce(&mut FrameWriter)) {
        self.receive(write);
        assert_eq!(self.peer.event(), "-");
        assert_eq!(self.peer.output(), b"");
        assert_eq!(self.peer.connection.state(), ConnectionState::Open);
    }
}

pub fn open(frames: &mut FrameWriter, stream: StreamId, path: &str) {
    open_with(frames, stream, path, &MetadataBlock::new(), None, false);
}

pub fn open_with(
    frames: &mut FrameWriter,
    stream: StreamId,
    path: &str,
    metadata: &MetadataBlock,
    message: Option<&[u8]>,
    compressed: bool,
) {
    let fields =
        OpenFields { path: Some(path), deadline_nanos: None, metadata, message, compressed, end: false };
    frames.open(stream, 0, &fields);
}

pub fn status(frames: &mut FrameWriter, headers: Option<&MetadataBlock>, message: Option<&[u8]>) {
    let (text, trailers) = ("", &MetadataBlock::new());
    frames.status(1, &StatusFields { code: 0, headers, text, trailers, message, compressed: false });
}

pub fn small_limits() -> Hello {
    let limits = Hello { max_message_bytes: 10, max_metadata_bytes: 256, max_streams: 1, ..hello() };
    Hello { initial_credit: 1024, ..limits }
}
