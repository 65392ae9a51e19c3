//! Reading and writing with patience, and bytes to do it with.

use std::time::Duration;

use samehost_transport_api::{Interest, Link, LinkError, Read};

/// Writes everything, waiting for room.
pub fn write_all(link: &dyn Link, mut bytes: &[u8]) -> Result<(), LinkError> {
    while !bytes.is_empty() {
        match link.write(bytes)? {
            0 => wait(link, Interest::WRITE)?,
            count => bytes = &bytes[count..],
        }
    }
    Ok(())
}

/// Fills the buffer, waiting for bytes.
///
/// # Panics
/// At the end of the link.
pub fn read_all(link: &dyn Link, mut buffer: &mut [u8]) -> Result<(), LinkError> {
    while !buffer.is_empty() {
        match link.read(buffer)? {
            Read::Bytes(count) => buffer = &mut buffer[count..],
            Read::Empty => wait(link, Interest::READ)?,
            Read::End => panic!("the end, with {} bytes missing", buffer.len()),
        }
    }
    Ok(())
}

/// Reads what there is until the end.
pub fn read_to_end(link: &dyn Link) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        match link.read(&mut buffer)? {
            Read::Bytes(count) => bytes.extend_from_slice(&buffer[..count]),
            Read::Empty => wait(link, Interest::READ)?,
            Read::End => return Ok(bytes),
        }
    }
}

fn wait(link: &dyn Link, interest: Interest) -> Result<(), LinkError> {
    link.wait(interest, Some(Duration::from_secs(1))).map(|_| ())
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub fn seeded(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next one, under `limit`.
    pub fn under(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    /// So many bytes, of which no two stretches are alike.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.under(256) as u8).collect()
    }
}
