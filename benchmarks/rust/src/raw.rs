//! Ping-pong of the same bytes, with or without protobuf at both ends, and streams of them; of the cases no calls at once.

use std::time::Instant;

use prost::Message;

use crate::Failure;
use crate::measured::Measured;
use crate::orders::{Client, Order, cannot, check};
use crate::pacing;
use crate::proto::Payload;
use crate::threads::{messages, touch};

/// A message that is none to be sent back, but asks for a stream: size and number follow, as eight bytes each.
const STREAM: &[u8] = b"messages, please";

/// One end of a floor: messages there and back, one at a time.
pub trait End {
    /// Sends one message.
    fn send(&mut self, body: &[u8]) -> Result<(), Failure>;

    /// Waits for a message and puts it in place of what is there. Answers false when the peer has gone.
    fn receive(&mut self, body: &mut Vec<u8>) -> Result<bool, Failure>;

    /// Sends a message that others follow without waiting.
    fn push(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.send(body)
    }

    /// Receives such a message, of this size.
    fn pull(&mut self, size: usize, body: &mut Vec<u8>) -> Result<(), Failure> {
        if !self.receive(body)? {
            return Err("the server has gone".into());
        }
        check(body.len(), size)
    }
}

/// The calling side.
pub struct Raw<E> {
    pub end: E,
    pub protobuf: bool,
    pub buffer: Vec<u8>,
}

impl<E: End> Raw<E> {
    fn call(&mut self, size: usize) -> Result<(), Failure> {
        if !self.protobuf {
            self.buffer.resize(size, 1);
        } else {
            encode(&Payload { body: vec![1; size] }, &mut self.buffer)?;
        }
        self.end.send(&self.buffer)?;
        if !self.end.receive(&mut self.buffer)? {
            return Err("the server has gone".into());
        }
        let answered =
            if self.protobuf { Payload::decode(&*self.buffer)?.body.len() } else { self.buffer.len() };
        check(answered, size)
    }

    /// A message is a call here, and its time that since the message before.
    fn streams(&mut self, order: &Order) -> Result<Measured, Failure> {
        let count = messages(order.size);
        let mut measured = Measured::new();
        let mut before = Instant::now();
        let end = before + order.time;
        while before < end {
            let (size, number) = (order.size as u64, u64::try_from(count)?);
            self.end.send(&[STREAM, &size.to_le_bytes(), &number.to_le_bytes()].concat())?;
            for _ in 0..count {
                self.end.pull(order.size, &mut self.buffer)?;
                touch(&self.buffer);
                let after = Instant::now();
                measured.record(after - before);
                before = after;
            }
        }
        Ok(measured)
    }
}

impl<E: End> Client for Raw<E> {
    fn run(&mut self, order: &Order) -> Result<Measured, Failure> {
        match &*order.case {
            "unary" => pacing::one_after_the_other(order.time, || self.call(order.size)),
            "unary-paced" => pacing::paced(order.time, || self.call(order.size)),
            "stream" if !self.protobuf => self.streams(order),
            _ => Err(cannot(order)),
        }
    }
}

/// The answering side: sends back all that comes, until the client has gone.
pub fn answer(mut end: impl End, protobuf: bool) -> Result<(), Failure> {
    let mut buffer = Vec::new();
    while end.receive(&mut buffer)? {
        if let Some(wanted) = buffer.strip_prefix(STREAM) {
            stream(&mut end, wanted)?;
            continue;
        }
        if protobuf {
            let message = Payload::decode(&*buffer)?;
            encode(&message, &mut buffer)?;
        }
        end.send(&buffer)?;
    }
    Ok(())
}

/// Sends messages that are built one by one.
fn stream(end: &mut impl End, wanted: &[u8]) -> Result<(), Failure> {
    let (size, count) = wanted.split_at(size_of::<u64>());
    let size = usize::try_from(u64::from_le_bytes(size.try_into()?))?;
    let pattern = vec![1; size];
    for _ in 0..u64::from_le_bytes(count.try_into()?) {
        end.push(&pattern.clone())?;
    }
    Ok(())
}

fn encode(message: &Payload, buffer: &mut Vec<u8>) -> Result<(), Failure> {
    buffer.clear();
    Ok(message.encode(buffer)?)
}
