//! Messages of Protocol Buffers as bytes.

use std::cell::Cell;

use bytes::Bytes;
use prost::Message;

use crate::buffers;

/// So many bytes are written into a buffer that is lent, at most: to copy more takes longer than to allocate.
const LENT_BYTES: usize = 4 << 10;

thread_local! {
    /// A buffer for what is small and over soon.
    static SMALL: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The bytes of a message, for one who sends it: in memory of their own, or in a buffer that is lent for a moment, where
/// they are few.
pub(crate) enum Encoded<'a> {
    Own(Bytes),
    Lent(&'a [u8]),
}

/// The bytes of a message.
pub(crate) fn encoded(message: &impl Message) -> Bytes {
    let mut buffer = buffers::take(message.encoded_len());
    message.encode(&mut buffer).expect("a Vec has room");
    buffers::shared(buffer)
}

/// Does something with the bytes of a message that is over when it returns.
#[inline]
pub(crate) fn with_encoded<R>(message: &impl Message, run: impl FnOnce(Encoded<'_>) -> R) -> R {
    if message.encoded_len() > LENT_BYTES {
        return run(Encoded::Own(encoded(message)));
    }
    // Where this happens inside of itself, it finds no buffer here, and makes one.
    let mut buffer = SMALL.take();
    buffer.clear();
    message.encode(&mut buffer).expect("a Vec has room");
    let result = run(Encoded::Lent(&buffer));
    SMALL.set(buffer);
    result
}
