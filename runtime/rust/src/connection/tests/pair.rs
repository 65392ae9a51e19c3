//! Two connections and no link between them: a test moves the bytes.

use std::collections::VecDeque;

use bytes::Bytes;

use super::super::*;
use crate::wire::{Hello, MetadataBlock};

pub(super) const PATH: &str = "/t.S/M";

/// What a side says when a test does not care.
pub(super) fn hello() -> Hello {
    Hello { min_version: 1, max_version: 1, implementation: "samehost-test".to_owned(), ..Hello::default() }
}

pub(super) fn settings() -> Settings {
    Settings::new("test:", hello())
}

/// What a connection has told.
#[derive(Debug)]
pub(super) enum Told {
    Event(Event),
    /// What was taken of a stream, as an event said that something had arrived there.
    Arrival(StreamId, Arrival),
}

/// One connection with what it has told.
pub(super) struct Peer {
    pub(super) connection: Connection,
    pub(super) events: VecDeque<Told>,
}

impl Peer {
    pub(super) fn new(side: Side, settings: Settings) -> Peer {
        Peer { connection: Connection::new(side, settings), events: VecDeque::new() }
    }

    pub(super) fn take_events(&mut self) {
        while let Some(told) = next_told(&mut self.connection) {
            self.events.extend(told);
        }
    }

    /// The next event, in a short form; `-` when there is none. CAN_OPEN is passed over.
    pub(super) fn event(&mut self) -> String {
        self.take_events();
        while let Some(event) = self.events.pop_front() {
            if !matches!(event, Told::Event(Event::CanOpen)) {
                return short(&event);
            }
        }
        "-".to_owned()
    }

    /// All events, in their short forms.
    pub(super) fn all_events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| Some(self.event()).filter(|event| event != "-")).collect()
    }

    pub(super) fn open(&mut self, message: Option<&[u8]>, end: bool) -> StreamId {
        let metadata = MetadataBlock::new();
        self.connection
            .open(PATH, &metadata, None, message.map(Content::Lent), end)
            .expect("it can be opened")
    }

    pub(super) fn send(&mut self, stream: StreamId, bytes: &[u8]) {
        self.connection.send_message(stream, plain(bytes), false).expect("in order");
    }

    pub(super) fn answer(&mut self, stream: StreamId, message: &[u8]) {
        let headers = Some(MetadataBlock::new());
        self.connection.send_status(stream, headers, Some(plain(message)), ok()).expect("in order");
    }

    /// Takes what is outbound.
    pub(super) fn output(&mut self) -> Vec<u8> {
        let bytes = self.connection.outbound().to_vec();
        self.connection.sent(bytes.len());
        bytes
    }
}

pub(super) fn plain(bytes: &[u8]) -> Message {
    Message { bytes: Bytes::copy_from_slice(bytes), compressed: false }
}

pub(super) fn ok() -> Status {
    Status::OK
}

/// A block with one value of so many bytes; its size is `bytes` + 7.
pub(super) fn block_of(bytes: usize) -> MetadataBlock {
    let mut block = MetadataBlock::new();
    block.push("k", &vec![b'v'; bytes]).expect("a good key");
    block
}

/// What a connection tells next, where it tells something: an event, or all that has arrived at a stream.
pub(super) fn next_told(connection: &mut Connection) -> Option<Vec<Told>> {
    match connection.next_event()? {
        Event::Arrived { stream } => Some(take_arrivals(connection, stream)),
        Event::Reset { stream, code, text, refused, cause } => {
            let concluded = connection.conclude(stream, Status::of(code, text.clone()), refused);
            let mut told = take_arrivals(connection, stream);
            // Behind what has arrived, which may have to be requested first.
            let ends_here = told.pop_if(|told| matches!(told, Told::Arrival(_, Arrival::End(_)))).is_some();
            if ends_here || !concluded {
                told.push(Told::Event(Event::Reset { stream, code, text, refused, cause }));
            }
            Some(told)
        }
        event => Some(vec![Told::Event(event)]),
    }
}

fn take_arrivals(connection: &mut Connection, stream: StreamId) -> Vec<Told> {
    let mut arrivals = Arrivals::default();
    connection.take_arrivals(stream, &mut arrivals);
    std::iter::from_fn(|| arrivals.pop_front()).map(|arrival| Told::Arrival(stream, arrival)).collect()
}

/// What was told in a form that is easy to compare: long messages by their length.
pub(super) fn short(told: &Told) -> String {
    match told {
        Told::Event(event) => short_event(event),
        Told::Arrival(stream, Arrival::Headers(_)) => format!("{stream} headers"),
        Told::Arrival(stream, Arrival::Message(message)) => match message.bytes.len() {
            0..=8 => format!("{stream} message {:?}", String::from_utf8_lossy(&message.bytes)),
            length => format!("{stream} message of {length}"),
        },
        Told::Arrival(stream, Arrival::End(Finish::Status(status))) => {
            format!("{stream} status {:?} {:?}", status.code, status.text())
        }
        Told::Arrival(stream, Arrival::End(Finish::HalfClosed)) => format!("{stream} half-closed"),
        Told::Arrival(stream, Arrival::End(Finish::Reset { .. })) => format!("{stream} reset, to its owner"),
    }
}

fn short_event(event: &Event) -> String {
    match event {
        Event::Hello { version, .. } => format!("hello {version}"),
        Event::Opened { stream, path, .. } => format!("{stream} opened {path}"),
        Event::Arrived { stream } => format!("{stream} arrived"),
        Event::Reset { stream, code, refused, cause, .. } => {
            format!("{stream} reset {code:?}{} by {cause:?}", if *refused { " refused" } else { "" })
        }
        Event::Ready { stream } => format!("{stream} ready"),
        Event::GoAway { last_stream, code, text } => format!("goaway {last_stream} {code} {text:?}"),
        Event::CanOpen => "can open".to_owned(),
        Event::Pong { data } => format!("pong {data:?}"),
        Event::Closed(Closed { end, error }) => format!("closed {end:?} {}", error.fault().name()),
    }
}

/// A connector and an acceptor.
pub(super) struct Pair {
    pub(super) client: Peer,
    pub(super) server: Peer,
    /// How many bytes arrive at a time.
    pub(super) step: usize,
}

impl Pair {
    pub(super) fn new(client: Settings, server: Settings) -> Pair {
        let mut pair = Pair {
            client: Peer::new(Side::Connector, client),
            server: Peer::new(Side::Acceptor, server),
            step: 1000,
        };
        pair.drive();
        assert_eq!(pair.client.all_events(), ["hello 1"]);
        assert_eq!(pair.server.all_events(), ["hello 1"]);
        pair
    }

    /// A pair whose sides say this.
    pub(super) fn with(change: impl Fn(&mut Settings)) -> Pair {
        let mut settings = settings();
        change(&mut settings);
        Pair::new(settings.clone(), settings)
    }

    pub(super) fn usual() -> Pair {
        Pair::with(|_| {})
    }

    /// Moves bytes both ways, a step at a time, until nothing is left to move.
    pub(super) fn drive(&mut self) {
        for _ in 0..1_000_000 {
            if !(self.move_to_server() | self.move_to_client()) {
                return;
            }
        }
        panic!("the two never come to rest");
    }

    pub(super) fn move_to_server(&mut self) -> bool {
        step(&mut self.client, &mut self.server, self.step)
    }

    pub(super) fn move_to_client(&mut self) -> bool {
        step(&mut self.server, &mut self.client, self.step)
    }

    /// Opens a stream from the client and lets the server see it.
    pub(super) fn open(&mut self) -> StreamId {
        let stream = self.client.open(None, false);
        self.drive();
        assert_eq!(self.server.event(), format!("{stream} opened {PATH}"));
        stream
    }
}

fn step(from: &mut Peer, to: &mut Peer, most: usize) -> bool {
    let outbound = from.connection.outbound();
    let moved = outbound.len().min(most);
    to.connection.receive(&outbound[..moved]);
    from.connection.sent(moved);
    from.take_events();
    to.take_events();
    moved > 0
}
