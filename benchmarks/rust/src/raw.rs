//! Ping-pong of the same bytes, with or without protobuf at both ends; of the cases only one call at a time.

use prost::Message;

use crate::Failure;
use crate::measured::Measured;
use crate::orders::{Client, Order, cannot, check};
use crate::pacing;
use crate::proto::Payload;

/// One end of a floor: messages there and back, one at a time.
pub trait End {
    /// Sends one message.
    fn send(&mut self, body: &[u8]) -> Result<(), Failure>;

    /// Waits for a message and puts it in place of what is there. Answers false when the peer has gone.
    fn receive(&mut self, body: &mut Vec<u8>) -> Result<bool, Failure>;
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
}

impl<E: End> Client for Raw<E> {
    fn run(&mut self, order: &Order) -> Result<Measured, Failure> {
        match &*order.case {
            "unary" => pacing::one_after_the_other(order.time, || self.call(order.size)),
            "unary-paced" => pacing::paced(order.time, || self.call(order.size)),
            _ => Err(cannot(order)),
        }
    }
}

/// The answering side: sends back all that comes, until the client has gone.
pub fn answer(mut end: impl End, protobuf: bool) -> Result<(), Failure> {
    let mut buffer = Vec::new();
    while end.receive(&mut buffer)? {
        if protobuf {
            let message = Payload::decode(&*buffer)?;
            encode(&message, &mut buffer)?;
        }
        end.send(&buffer)?;
    }
    Ok(())
}

fn encode(message: &Payload, buffer: &mut Vec<u8>) -> Result<(), Failure> {
    buffer.clear();
    Ok(message.encode(buffer)?)
}
