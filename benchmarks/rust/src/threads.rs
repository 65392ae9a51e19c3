//! Calls by our generated client for threads, which needs no runtime.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use samehost::blocking::Channel;

use crate::Failure;
use crate::measured::Measured;
use crate::orders::{Client, Order, cannot, check, connections};
use crate::pacing;
use crate::proto::echo_blocking_client::EchoBlockingClient;
use crate::proto::{Payload, Wanted};

/// How many threads the cases of threads have.
pub const THREADS: usize = 8;

const STREAM_BYTES: usize = 64 << 20;
const CACHE_LINE: usize = 64;

/// The client, for all threads, and those that were made besides.
pub struct Threads {
    connect: Box<dyn Fn() -> Result<EchoBlockingClient, Failure>>,
    client: EchoBlockingClient,
    connected: Vec<EchoBlockingClient>,
}

impl Threads {
    pub fn over(connect: impl Fn() -> Result<Channel, Failure> + 'static) -> Result<Threads, Failure> {
        let connect = move || Ok(EchoBlockingClient::new(connect()?));
        Ok(Threads { client: connect()?, connect: Box::new(connect), connected: Vec::new() })
    }
}

impl Client for Threads {
    fn run(&mut self, order: &Order) -> Result<Measured, Failure> {
        match &*order.case {
            "unary" => pacing::one_after_the_other(order.time, || call(&self.client, order.size)),
            "unary-paced" => pacing::paced(order.time, || call(&self.client, order.size)),
            "unary-8-threads" => together(&self.client, order),
            "connect" => connections(order, &mut self.connected, &self.connect, |one, size| call(one, size)),
            "stream" => streams(&self.client, order),
            _ => Err(cannot(order)),
        }
    }
}

fn call(client: &EchoBlockingClient, size: usize) -> Result<(), Failure> {
    let request = Payload { body: vec![1; size] };
    let answer = client.unary(&request)?;
    check(answer.message.body.len(), size)
}

fn together(client: &EchoBlockingClient, order: &Order) -> Result<Measured, Failure> {
    let mut measured = Measured::new();
    thread::scope(|scope| {
        let calls = || pacing::one_after_the_other(order.time, || call(client, order.size));
        let running: Vec<_> = (0..THREADS).map(|_| scope.spawn(calls)).collect();
        for one in running {
            measured.join(&one.join().map_err(|_| "a thread panicked")??);
        }
        Ok(measured)
    })
}

/// A message is a call here, and its time that since the message before.
fn streams(client: &EchoBlockingClient, order: &Order) -> Result<Measured, Failure> {
    let wanted = Wanted { size: i32::try_from(order.size)?, messages: messages(order.size) };
    let mut measured = Measured::new();
    let mut before = Instant::now();
    let end = before + order.time;
    while before < end {
        let mut answers = client.stream(&wanted);
        while let Some(message) = answers.next()? {
            check(message.body.len(), order.size)?;
            touch(&message.body);
            let after = Instant::now();
            measured.record(after - before);
            before = after;
        }
    }
    Ok(measured)
}

/// How many messages of a size a stream has.
pub fn messages(size: usize) -> i32 {
    i32::try_from((STREAM_BYTES / size).max(1)).unwrap_or(i32::MAX)
}

/// Reads every cache line of a message.
pub fn touch(body: &[u8]) {
    let sum: u64 = body.iter().step_by(CACHE_LINE).map(|byte| u64::from(*byte)).sum();
    black_box(sum);
}
