//! Headers and trailers as an application sees them.

use samehost_transport_api::Fault;

use super::Status;
use crate::wire::{MetadataBlock, is_reserved};

/// Headers or trailers: pairs of a key and a value, in order and with duplicates.
///
/// A key is of `0-9 a-z _ - .`. The values of keys that end in `-bin` are any bytes and travel as
/// they are; those of others are printable ASCII. Keys that begin with `grpc-` are gRPC's own. `grpc-timeout`,
/// `grpc-status`, `grpc-message`, `content-type` and `te` are no metadata here: they are left out, as the wire has its
/// own way to say them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(pub(crate) MetadataBlock);

impl Metadata {
    /// No pairs.
    pub fn new() -> Metadata {
        Metadata::default()
    }

    /// What a peer has sent, without what it should not have.
    pub(crate) fn received(block: MetadataBlock) -> Metadata {
        let is_taken = |&(key, value): &(&str, &[u8])| is_sound(key, value) && !is_reserved(key);
        if block.iter().all(|pair| is_taken(&pair)) {
            return Metadata(block);
        }
        let mut sound = MetadataBlock::new();
        for (key, value) in block.iter().filter(is_taken) {
            // The key is of a block.
            let _ = sound.push(key, value);
        }
        Metadata(sound)
    }

    /// Adds a pair behind the others.
    ///
    /// # Errors
    /// INTERNAL where the key is none, or the value is not printable ASCII under a key that does
    /// not end in `-bin`.
    pub fn push(&mut self, key: &str, value: impl AsRef<[u8]>) -> Result<(), Status> {
        let value = value.as_ref();
        if !is_sound(key, value) {
            return Err(invalid_value(key));
        }
        if is_reserved(key) {
            return Ok(());
        }
        self.0.push(key, value).map_err(|_| invalid_key(key))
    }

    /// The pairs in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter()
    }

    /// The value of the first pair with this key.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key)
    }

    /// Whether there is not one pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_sound(key: &str, value: &[u8]) -> bool {
    key.ends_with("-bin") || is_text(value)
}

/// Whether bytes may be a value whose key does not end in `-bin`: printable ASCII.
pub(crate) fn is_text(value: &[u8]) -> bool {
    value.iter().all(|byte| (b' '..=b'~').contains(byte))
}

pub(crate) fn invalid_key(key: &str) -> Status {
    Fault::MetadataInvalid.with(&[&key, &"a key holds 0-9 a-z _ - . alone"]).into()
}

pub(crate) fn invalid_value(key: &str) -> Status {
    let reason = "a value is printable ASCII, or any bytes under a key that ends in -bin";
    Fault::MetadataInvalid.with(&[&key, &reason]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_not_printable_is_not_received() {
        let mut block = MetadataBlock::new();
        let sent =
            [("k", &b"one"[..]), ("k", b"\t"), ("k-bin", b"\t"), ("k", "\u{fc}".as_bytes()), ("k", b"")];
        for (key, value) in sent {
            block.push(key, value).unwrap();
        }
        let received = Metadata::received(block);
        assert_eq!(received.iter().collect::<Vec<_>>(), [sent[0], sent[2], sent[4]]);
        assert_eq!(Metadata::received(received.0.clone()), received);
    }

    #[test]
    fn what_the_wire_says_in_its_own_way_is_neither_sent_nor_received() {
        let (mut block, mut metadata) = (MetadataBlock::new(), Metadata::new());
        for key in ["te", "content-type", "grpc-timeout", "grpc-status", "grpc-message", "mine"] {
            block.push(key, b"5").unwrap();
            metadata.push(key, "5").unwrap();
        }
        assert_eq!(metadata.iter().collect::<Vec<_>>(), [("mine", &b"5"[..])]);
        assert_eq!(Metadata::received(block), metadata);
    }
}
