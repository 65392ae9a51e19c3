//! Metadata: an ordered list of pairs, kept as its bytes on the wire.

use super::WireError;

/// A key that a metadata block cannot hold: it is empty, longer than 255 bytes, or has a character
/// other than `0-9 a-z _ - .`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidKey;

/// A list of pairs of a key and a value, in order and with duplicates. It is kept as it stands on
/// the wire, so that sending copies it and reading allocates once at most. A key is text, a value
/// any bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct MetadataBlock {
    /// The count and the pairs; nothing where there is not one pair.
    bytes: Vec<u8>,
}

/// A block without one pair, on the wire.
const EMPTY: &[u8; COUNT_BYTES] = &[0; COUNT_BYTES];
const COUNT_BYTES: usize = 2;

impl MetadataBlock {
    /// A block without one pair.
    pub(crate) const fn new() -> MetadataBlock {
        MetadataBlock { bytes: Vec::new() }
    }

    /// Adds a pair behind the others.
    pub(crate) fn push(&mut self, key: &str, value: &[u8]) -> Result<(), InvalidKey> {
        if !is_key(key.as_bytes()) {
            return Err(InvalidKey);
        }
        // A block with so many pairs is far above every limit, and never sent.
        let count = self.count().saturating_add(1);
        self.bytes.reserve(COUNT_BYTES + 2 + key.len() + 4 + value.len());
        if self.is_empty() {
            self.bytes.extend_from_slice(EMPTY);
        }
        self.bytes[..COUNT_BYTES].copy_from_slice(&count.to_le_bytes());
        self.bytes.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    /// The pairs in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.pairs().map(|(key, value)| (std::str::from_utf8(key).unwrap_or_default(), value))
    }

    /// The value of the first pair with this key.
    pub(crate) fn get(&self, key: &str) -> Option<&[u8]> {
        self.pairs().find(|&(found, _)| found == key.as_bytes()).map(|(_, value)| value)
    }

    /// The pairs in their order, with the bytes of their keys, which are text.
    fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = &self.as_bytes()[COUNT_BYTES..];
        std::iter::from_fn(move || {
            let (key, after_key) = split_field::<2>(rest)?;
            let (value, after_value) = split_field::<4>(after_key)?;
            rest = after_value;
            Some((key, value))
        })
    }

    /// Whether there is not one pair.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many pairs there are.
    pub(crate) fn count(&self) -> u16 {
        self.bytes.first_chunk().map_or(0, |count| u16::from_le_bytes(*count))
    }

    /// The size of the block, as limits count it: its bytes after the count.
    pub(crate) fn size(&self) -> usize {
        self.as_bytes().len() - COUNT_BYTES
    }

    /// The block as it stands on the wire.
    pub(super) fn as_bytes(&self) -> &[u8] {
        if self.is_empty() { EMPTY } else { &self.bytes }
    }

    /// Reads a block from the beginning of `bytes`; answers it and what follows it.
    #[inline(always)]
    pub(super) fn decode(bytes: &[u8]) -> Result<(MetadataBlock, &[u8]), WireError> {
        match bytes.split_first_chunk() {
            Some((EMPTY, rest)) => Ok((MetadataBlock::new(), rest)),
            _ => MetadataBlock::decode_pairs(bytes),
        }
    }

    fn decode_pairs(bytes: &[u8]) -> Result<(MetadataBlock, &[u8]), WireError> {
        const CUT: &str = "a metadata block ends too early";
        let (count, mut rest) = bytes.split_first_chunk().ok_or(WireError::protocol(CUT))?;
        for _ in 0..u16::from_le_bytes(*count) {
            let (key, after_key) = split_field::<2>(rest).ok_or(WireError::protocol(CUT))?;
            if !is_key(key) {
                return Err(WireError::protocol("a metadata key that is none"));
            }
            (_, rest) = split_field::<4>(after_key).ok_or(WireError::protocol(CUT))?;
        }
        let block = &bytes[..bytes.len() - rest.len()];
        Ok((MetadataBlock { bytes: block.to_vec() }, rest))
    }
}

impl std::fmt::Debug for MetadataBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|(key, value)| (key, String::from_utf8_lossy(value)))).finish()
    }
}

/// Splits a length of `N` bytes and so many bytes from the rest.
fn split_field<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<N>()?;
    let mut number = [0; 4];
    number[..N].copy_from_slice(length);
    rest.split_at_checked(u32::from_le_bytes(number) as usize)
}

/// Whether the frames say by themselves what this key says elsewhere, so that it is never metadata.
#[inline]
pub(crate) fn is_reserved(key: &str) -> bool {
    matches!(key, "te" | "content-type" | "grpc-timeout" | "grpc-status" | "grpc-message")
}

fn is_key(key: &[u8]) -> bool {
    (1..=255).contains(&key.len())
        && key.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'_' | b'-' | b'.'))
}
