//! Messages of Protocol Buffers as bytes.

use bytes::Bytes;
use prost::Message;

use crate::buffers;

/// The bytes of a message.
pub(crate) fn encoded(message: &impl Message) -> Bytes {
    let mut buffer = buffers::take(message.encoded_len());
    message.encode(&mut buffer).expect("a Vec has room");
    buffers::shared(buffer)
}
