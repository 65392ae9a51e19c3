//! What passes by in frames: heads, each of which says how much follows it.

/// SETTINGS, which each side of HTTP/2 says first.
pub(super) const SETTINGS: u8 = 4;
/// GOAWAY: no more calls are taken.
pub(super) const GOAWAY: u8 = 7;

/// How long the head of HTTP/2's frames is.
pub(super) const HEAD_BYTES: usize = 9;

/// The type of a frame of HTTP/2, and the length of its payload.
pub(super) fn head(bytes: &[u8; HEAD_BYTES]) -> (u8, usize) {
    let [a, b, c, kind, ..] = *bytes;
    (kind, u32::from_be_bytes([0, a, b, c]) as usize)
}

/// Sees where frames begin whose heads have so many bytes, wherever the bytes are cut.
#[derive(Default)]
pub(super) struct Frames<const HEAD: usize> {
    head: Vec<u8>,
    /// What is left behind the head.
    rest: usize,
}

impl<const HEAD: usize> Frames<HEAD> {
    /// Takes the next bytes. Each head in them is shown to `rest`, which says how much follows it; an error ends this.
    pub(super) fn receive<E>(
        &mut self,
        mut bytes: &[u8],
        mut rest: impl FnMut(&[u8; HEAD]) -> Result<usize, E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                self.rest -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            let taken = bytes.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if let Ok(head) = self.head.as_slice().try_into() {
                self.rest = rest(head)?;
                self.head.clear();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn the_types_of_frames_are_seen_wherever_the_bytes_are_cut() {
        let frame = |kind: u8, length: usize| {
            let mut bytes = vec![0, (length >> 8) as u8, length as u8, kind, 0, 0, 0, 0, 0];
            bytes.resize(HEAD_BYTES + length, GOAWAY);
            bytes
        };
        let bytes = [frame(SETTINGS, 18), frame(0, 300), frame(1, 0), frame(GOAWAY, 8)].concat();
        for size in 1..bytes.len() {
            let (mut frames, mut seen) = (Frames::<HEAD_BYTES>::default(), Vec::new());
            for piece in bytes.chunks(size) {
                let Ok(()) = frames.receive(piece, |bytes| {
                    let (kind, length) = head(bytes);
                    seen.push(kind);
                    Ok::<_, Infallible>(length)
                });
            }
            assert_eq!(seen, [SETTINGS, 0, 1, GOAWAY], "in pieces of {size}");
        }
    }
}
