//! Owners of streams that do anything at any time: nothing of a stream is left once both have done with it.

use super::*;
use crate::call::server_call::{Messages, ServerCall};

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
