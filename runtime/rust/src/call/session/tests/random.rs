//! Owners of streams that do anything at any time: nothing of a stream is left once both have done with it.

use super::*;
use crate::call::server_call::{Messages, ServerCall};
use crate::connection::{Event, OpenError, Place};

/// A small generator of numbers that look random: xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }
}

fn hello() -> Hello {
    Hello { min_version: 1, max_version: 1, initial_credit: 2048, max_streams: 8, ..Hello::default() }
}

fn session(side: Side) -> Arc<Session> {
    let (driver, observer) = (Box::new(NoDriver), Box::new(|_: &_, _| {}));
    Session::new(side, Settings::new("here", hello()), Peer::at("here"), "".into(), driver, observer)
}

/// Moves up to so many bytes each way; answers whether there were any, and the calls that have come.
fn talk(session: &Arc<Session>, peer: &mut Connection, most: usize) -> (bool, Vec<Incoming>) {
    let moved = session.act(|state, _| {
        let said = state.connection.outbound();
        let said = said[..said.len().min(most)].to_vec();
        state.connection.sent(said.len());
        peer.receive(&said);
        let heard = peer.outbound();
        let heard = heard[..heard.len().min(most)].to_vec();
        peer.sent(heard.len());
        state.connection.receive(&heard);
        !said.is_empty() || !heard.is_empty()
    });
    (moved, session.take_incoming())
}

fn message(numbers: &mut Numbers) -> Message {
    Message { bytes: vec![7; numbers.below(5000) as usize].into(), compressed: false }
}

/// Of an action that may be out of order, or too late.
fn whatever<T>(_: T) {}

fn idle() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// What is kept of streams at the end, on either side.
fn left(session: &Arc<Session>, peer: &Connection) -> [usize; 3] {
    let (kept, open) =
        session.act(|state, _| (state.connection.kept_streams(), state.connection.open_streams()));
    [kept, open, peer.open_streams()]
}

#[test]
fn nothing_is_left_of_calls_whoever_ends_them() {
    for seed in 1..400 {
        let mut numbers = Numbers(seed);
        let session = session(Side::Acceptor);
        let mut peer = Connection::new(Side::Connector, Settings::new("peer", hello()));
        let (mut opened, mut calls) = (Vec::new(), Vec::<(ServerCall, Messages)>::new());
        for _ in 0..300 {
            let chosen = numbers.below(1 << 20) as usize;
            if numbers.chance() {
                let stream = *opened.get(chosen % opened.len().max(1)).unwrap_or(&1);
                let (content, end) = (message(&mut numbers), numbers.below(4) == 0);
                match numbers.below(6) {
                    0 | 1 => {
                        let content = numbers.chance().then_some(Content::Shared(&content));
                        opened.extend(peer.open("/a.B/C", &MetadataBlock::new(), None, content, end));
                    }
                    2 => whatever(peer.send_message(stream, content, end)),
                    3 => whatever(peer.half_close(stream)),
                    4 => peer.request(stream, 1),
                    _ if end => peer.reset(stream, Code::Cancelled, "enough"),
                    _ => {}
                }
                while peer.next_event().is_some() {}
            } else if !calls.is_empty() {
                let index = chosen % calls.len();
                let (call, messages) = &mut calls[index];
                match numbers.below(7) {
                    0 | 1 => whatever(messages.poll_next(&idle())),
                    2 => whatever(call.send_headers(MetadataBlock::new())),
                    3 => whatever(call.send_message(message(&mut numbers))),
                    4 if numbers.chance() => {
                        let (mut call, _) = calls.swap_remove(index);
                        let content = numbers.chance().then(|| message(&mut numbers));
                        call.answer(None, content, Status::OK);
                    }
                    5 if numbers.chance() => drop(calls.swap_remove(index)),
                    _ => whatever(call.poll_over(&idle())),
                }
            }
            let most = numbers.below(3000) as usize;
            let (_, incoming) = talk(&session, &mut peer, most);
            calls.extend(incoming.into_iter().map(|incoming| {
                let mut call = ServerCall::new(&session, incoming);
                let messages = call.messages();
                (call, messages)
            }));
        }
        calls.clear();
        loop {
            // Whatever still waits for credit is let through, so that both sides come to an end.
            opened.iter().for_each(|&stream| peer.request(stream, 1000));
            while peer.next_event().is_some() {}
            let (moved, incoming) = talk(&session, &mut peer, usize::MAX);
            incoming.into_iter().for_each(|incoming| drop(ServerCall::new(&session, incoming)));
            if !moved {
                break;
            }
        }
        assert_eq!(left(&session, &peer), [0; 3], "seed {seed}");
    }
}

/// One that waits for its turn to open a stream.
struct Opener {
    place: Place,
    path: &'static str,
    bell: Arc<Bell>,
}

impl Opener {
    fn open(&mut self, session: &Arc<Session>, end: bool) -> Result<StreamId, OpenError> {
        self.bell.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.bell.clone());
        let (path, metadata) = (self.path, MetadataBlock::new());
        let request = OpenRequest { path, metadata: &metadata, deadline_nanos: None, message: None, end };
        session.open(request, &mut self.place, &Context::from_waker(&waker))
    }
}

/// Has the peer answer its calls by anything.
fn answer(peer: &mut Connection, numbers: &mut Numbers, streams: &mut Vec<StreamId>) {
    while let Some(event) = peer.next_event() {
        if let Event::Opened { stream, .. } = event {
            streams.push(stream);
        }
    }
    if streams.is_empty() {
        return;
    }
    let stream = streams[numbers.below(streams.len() as u64) as usize];
    match numbers.below(6) {
        0 => whatever(peer.send_headers(stream, MetadataBlock::new())),
        1 => whatever(peer.send_message(stream, message(numbers), false)),
        2 => whatever(peer.send_status(stream, None, None, Status::OK)),
        3 if numbers.chance() => peer.reset(stream, Code::Aborted, "enough"),
        _ => peer.request(stream, 1),
    }
}

#[test]
fn nothing_is_left_of_calls_of_this_side_and_a_turn_to_open_is_never_lost() {
    for seed in 1..400 {
        let mut numbers = Numbers(seed);
        let session = session(Side::Connector);
        let mut peer = Connection::new(Side::Acceptor, Settings::new("peer", hello()));
        let (mut waiting, mut opened, mut served) = (Vec::<Opener>::new(), Vec::new(), Vec::new());
        for _ in 0..400 {
            let chosen = numbers.below(1 << 20) as usize;
            match numbers.below(8) {
                0 | 1 => {
                    let path = if numbers.below(5) == 0 { "no path" } else { "/a.B/C" };
                    waiting.push(Opener { place: 0, path, bell: Arc::default() });
                }
                2 | 3 if !waiting.is_empty() => {
                    let index = chosen % waiting.len();
                    match waiting[index].open(&session, numbers.chance()) {
                        Err(OpenError::NotNow) => {}
                        result => {
                            opened.extend(result);
                            waiting.swap_remove(index);
                        }
                    }
                }
                4 if !waiting.is_empty() && numbers.chance() => {
                    let mut opener = waiting.swap_remove(chosen % waiting.len());
                    session.pass(&mut opener.place);
                }
                5 | 6 if !opened.is_empty() => {
                    let index = chosen % opened.len();
                    match numbers.below(5) {
                        0 => session.forget(opened[index], Some(&Status::of(Code::Cancelled, String::new()))),
                        1 => whatever(session.send_message(opened[index], message(&mut numbers), false)),
                        2 => whatever(session.half_close(opened[index])),
                        _ => {}
                    }
                    let mut arrived = Arrivals::default();
                    let taken = session.poll_arrivals(opened[index], Taker::Owner, &mut arrived, &idle());
                    if taken == Poll::Ready(true) {
                        opened.swap_remove(index);
                    }
                }
                _ => answer(&mut peer, &mut numbers, &mut served),
            }
            let most = numbers.below(3000) as usize;
            talk(&session, &mut peer, most);
            let waits = session.act(|state, _| state.connection.can_open() && !state.openers.is_empty());
            let has_turn = |opener: &Opener| opener.place != 0 && opener.bell.0.load(Ordering::SeqCst);
            assert!(!waits || waiting.iter().any(has_turn), "nobody has the turn, seed {seed}");
        }
        waiting.iter_mut().for_each(|opener| session.pass(&mut opener.place));
        for stream in opened {
            session.forget(stream, Some(&Status::of(Code::Cancelled, String::new())));
        }
        while talk(&session, &mut peer, usize::MAX).0 {}
        assert_eq!(left(&session, &peer), [0; 3], "seed {seed}");
    }
}
