//! gRPC's own framing of messages in HTTP bodies, which tonic speaks: a flag byte, four bytes of
//! length, the message. It holds no body and polls nothing.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::connection::Message;
use crate::surface::Status;

const PREFIX: usize = 5;

/// A message as it stands in a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Framed {
    pub(super) compressed: bool,
    pub(super) message: Bytes,
}

impl Framed {
    pub(super) fn into_message(self) -> Message {
        Message { bytes: self.message, compressed: self.compressed }
    }
}

/// Cuts the data of a body into its messages, without copying those that lie in one piece.
#[derive(Default)]
pub(super) struct Splitter {
    /// Empty where nothing is held.
    front: Bytes,
    rest: VecDeque<Bytes>,
    held: usize,
}

impl Splitter {
    pub(super) fn push(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.held += data.len();
            if self.front.is_empty() {
                self.front = data;
            } else {
                self.rest.push_back(data);
            }
        }
    }

    /// Whether nothing is held.
    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// The next message that is whole.
    pub(super) fn next(&mut self) -> Result<Option<Framed>, Status> {
        if self.held < PREFIX {
            return Ok(None);
        }
        let mut prefix = [0; PREFIX];
        self.peek(&mut prefix);
        let [flag, length @ ..] = prefix;
        let length = u32::from_be_bytes(length) as usize;
        if flag > 1 {
            return Err(Status::malformed_body(format_args!("a message with the flag {flag}")));
        }
        if self.held - PREFIX < length {
            return Ok(None);
        }
        self.skip(PREFIX);
        Ok(Some(Framed { compressed: flag == 1, message: self.take(length) }))
    }

    /// Checks that nothing is left over where a body ends.
    pub(super) fn end(&self) -> Result<(), Status> {
        match self.held {
            0 => Ok(()),
            left => Err(Status::malformed_body(format_args!("{left} bytes of an incomplete message"))),
        }
    }

    fn peek(&self, target: &mut [u8]) {
        let mut bytes = self.front.iter().chain(self.rest.iter().flatten());
        for slot in target {
            *slot = *bytes.next().expect("the caller has checked the length");
        }
    }

    /// Passes over so many bytes, of those that are held.
    fn skip(&mut self, length: usize) {
        self.held -= length;
        let mut left = length;
        while left > 0 {
            let passed = left.min(self.front.len());
            left -= passed;
            self.front.advance(passed);
            self.refill();
        }
    }

    fn take(&mut self, length: usize) -> Bytes {
        if self.front.len() >= length {
            self.held -= length;
            let taken = self.front.split_to(length);
            self.refill();
            return taken;
        }
        let mut whole = BytesMut::with_capacity(length);
        while whole.len() < length {
            let piece = self.front.len().min(length - whole.len());
            whole.put_slice(&self.front[..piece]);
            self.skip(piece);
        }
        whole.freeze()
    }

    fn refill(&mut self) {
        if self.front.is_empty()
            && let Some(next) = self.rest.pop_front()
        {
            self.front = next;
        }
    }
}

/// The prefix of a message of so many bytes.
pub(super) fn prefix(compressed: bool, length: usize) -> [u8; PREFIX] {
    let length = u32::try_from(length).expect("a message of the wire is shorter than 2^31 bytes");
    let [a, b, c, d] = length.to_be_bytes();
    [u8::from(compressed), a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut bytes = prefix(false, message.len()).to_vec();
        bytes.extend_from_slice(message);
        bytes
    }

    #[test]
    fn messages_come_out_whole_wherever_the_data_is_cut() {
        let bytes = [framed(b"first"), framed(b""), framed(&[7; 300])].concat();
        for cut in 0..=bytes.len() {
            for second in [cut, bytes.len().min(cut + 3)] {
                let mut splitter = Splitter::default();
                let mut messages = Vec::new();
                for piece in [&bytes[..cut], &bytes[cut..second], &bytes[second..]] {
                    splitter.push(Bytes::copy_from_slice(piece));
                    while let Some(framed) = splitter.next().unwrap() {
                        messages.push(framed.message.to_vec());
                    }
                }
                assert_eq!(messages, [b"first".to_vec(), Vec::new(), vec![7; 300]]);
                splitter.end().unwrap();
            }
        }
    }

    #[test]
    fn an_unknown_flag_and_an_incomplete_message_are_errors() {
        let mut splitter = Splitter::default();
        splitter.push(Bytes::from_static(&[2, 0, 0, 0, 0]));
        assert!(splitter.next().is_err());
        let mut splitter = Splitter::default();
        splitter.push(Bytes::from_static(&[0, 0, 0, 0, 2, 9]));
        assert_eq!(splitter.next().unwrap(), None);
        assert!(splitter.end().is_err());
    }
}
