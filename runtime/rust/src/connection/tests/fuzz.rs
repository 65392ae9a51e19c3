//! Hostile bytes, by a seeded generator: never a panic, never unbounded memory, always the same end.

use super::super::*;
use super::pair::*;
use crate::wire::{FrameWriter, Hello, MetadataBlock, OpenFields, StatusFields};

/// A small generator of numbers that look random: xorshift, with a seed that a failure names.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

fn limits() -> Hello {
    Hello { initial_credit: 4096, max_message_bytes: 10_000, max_streams: 5, max_methods: 3, ..hello() }
}

fn greet(side: Side) -> Peer {
    let mut peer = Peer::new(side, Settings::new("test:", limits()));
    let mut writer = FrameWriter::default();
    writer.preface();
    writer.hello(&limits());
    peer.connection.receive(writer.outbound());
    assert_eq!(peer.event(), "hello 1");
    peer
}

/// Does something with every event that the peer caused, as an application would.
fn react(peer: &mut Peer, numbers: &mut Numbers) {
    peer.take_events();
    while let Some(event) = peer.events.pop_front() {
        if let Told::Event(Event::Opened { stream, .. }) | Told::Arrival(stream, Arrival::Message(_)) = event
        {
            let connection = &mut peer.connection;
            // The stream may be over, or the action out of order: both are answered, never a panic.
            let _ = match numbers.below(6) {
                0 => connection.send_headers(stream, MetadataBlock::new()),
                1 => connection.send_message(stream, plain(&numbers.bytes(3000)), numbers.below(2) == 0),
                2 => connection.send_status(stream, None, Some(plain(b"x")), ok()),
                3 => {
                    connection.reset(stream, samehost_transport_api::Code::Cancelled, "");
                    Ok(())
                }
                _ => {
                    connection.request(stream, numbers.below(3) as u32);
                    Ok(())
                }
            };
        }
    }
    assert!(peer.connection.outbound().len() <= (1 << 20) + (128 << 10), "the outbound queue is bounded");
    assert!(peer.connection.open_streams() <= 10, "streams are bounded");
    if numbers.below(3) == 0 {
        peer.output();
    }
}

#[test]
fn random_bytes_never_do_more_than_end_the_connection() {
    for seed in 1..2000 {
        let mut numbers = Numbers(seed);
        for side in [Side::Connector, Side::Acceptor] {
            let noise_bytes = numbers.below(2) * 100;
            let mut peer = Peer::new(side, Settings { noise_bytes, ..settings() });
            for _ in 0..5 {
                let length = numbers.below(100);
                peer.connection.receive(&numbers.bytes(length));
            }
            peer.connection.receive_end();
            assert_eq!(peer.connection.state(), ConnectionState::Closed, "seed {seed}");
            let events = peer.all_events();
            let closed = events.iter().filter(|event| event.starts_with("closed")).count();
            assert_eq!(closed, 1, "seed {seed}");
        }
    }
}

#[test]
fn random_frames_never_do_more_than_end_the_connection() {
    let mut survived = 0;
    for seed in 1..1000 {
        let mut numbers = Numbers(seed);
        let side = if numbers.below(2) == 0 { Side::Connector } else { Side::Acceptor };
        let mut peer = greet(side);
        for _ in 0..3 {
            peer.open(None, false);
        }
        let mut next = if side == Side::Connector { 2 } else { 1 };
        for _ in 0..30 {
            let frame = random_frame(&mut numbers, &mut next);
            let at = numbers.below(frame.len() + 1);
            peer.connection.receive(&frame[..at]);
            peer.connection.receive(&frame[at..]);
            react(&mut peer, &mut numbers);
        }
        survived += usize::from(peer.connection.state() == ConnectionState::Open);
        peer.connection.receive_end();
        assert_eq!(peer.connection.state(), ConnectionState::Closed, "seed {seed}");
        assert_eq!(peer.connection.open_streams(), 0, "seed {seed}");
    }
    assert!(survived > 30, "some of it was well-formed: {survived}");
}

#[test]
fn flipped_bits_never_do_more_than_end_the_connection() {
    for seed in 1..3000 {
        let mut numbers = Numbers(seed);
        let mut client = greet(Side::Connector);
        let mut server = greet(Side::Acceptor);
        client.output();
        server.output();
        for _ in 0..20 {
            if client.connection.can_open() {
                client.open(Some(b"ask"), numbers.below(2) == 0);
            }
            let mut bytes = client.output();
            if !bytes.is_empty() && numbers.below(4) == 0 {
                let at = numbers.below(bytes.len());
                bytes[at] ^= 1 << numbers.below(8);
            }
            server.connection.receive(&bytes);
            react(&mut server, &mut numbers);
            let bytes = server.output();
            client.connection.receive(&bytes);
            react(&mut client, &mut numbers);
        }
    }
}

/// A frame that is well-formed and expected more often than not. `next` is the id of the next stream
/// that it opens; of the other side there are three.
fn random_frame(numbers: &mut Numbers, next: &mut StreamId) -> Vec<u8> {
    let mut writer = FrameWriter::default();
    let (yes, mistake) = (numbers.below(2) == 0, numbers.below(60) == 0);
    let theirs = 1 + 2 * numbers.below(3) as u32 + u32::from(*next % 2 == 1);
    let mine = 1 + numbers.below(next.saturating_sub(1).max(1) as usize) as u32;
    let mine = if mistake { mine } else { mine - mine.abs_diff(*next) % 2 };
    let length = numbers.below(600);
    let bytes = numbers.bytes(length);
    let metadata = block_of(numbers.below(20));
    let message = yes.then_some(&bytes[..]);
    match numbers.below(12) {
        0..=2 => {
            let word = if mistake { 3 } else { 0 };
            let (path, deadline_nanos, metadata) = (Some(PATH), yes.then_some(1), &metadata);
            let open =
                OpenFields { path, deadline_nanos, metadata, message, compressed: mistake, end: false };
            writer.open(*next, word, &open);
            *next += 2;
        }
        3..=5 if mine > 0 && *next > 2 => {
            let to_come = if mistake { 600 } else { 0 };
            writer.message(mine, &bytes, to_come, false, numbers.below(50) == 0);
        }
        6 => writer.headers(theirs, &metadata),
        7 => {
            let headers = Some(&metadata);
            let (code, text, trailers, compressed) = (17, "text", &metadata, mistake);
            writer.status(theirs, &StatusFields { code, headers, text, trailers, message, compressed });
        }
        8 => writer.reset(theirs, u32::from(!mistake), "text", yes),
        9 => writer.credit(theirs, if mistake { u32::MAX } else { 1000 }),
        10 => writer.ping(b"12345678", yes),
        _ => {
            let mut frame = numbers.bytes(16 + length);
            frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
            frame[4] = if mistake { 100 } else { 128 } + numbers.below(28) as u8;
            return frame;
        }
    }
    writer.outbound().to_vec()
}
