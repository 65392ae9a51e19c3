//! The types of HTTP/2's frames, as they pass by.

/// SETTINGS, which each side says first.
pub(super) const SETTINGS: u8 = 4;
/// GOAWAY: no more calls are taken.
pub(super) const GOAWAY: u8 = 7;

const HEAD_BYTES: usize = 9;

/// Sees where frames begin, wherever the bytes are cut.
#[derive(Default)]
pub(super) struct Frames {
    head: Vec<u8>,
    /// What is left of the frame's payload.
    rest: usize,
}

impl Frames {
    /// Takes the next bytes; tells the type of each frame that begins in them.
    pub(super) fn receive(&mut self, mut bytes: &[u8], mut tell: impl FnMut(u8)) {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let passed = self.rest.min(bytes.len());
                self.rest -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            let taken = bytes.len().min(HEAD_BYTES - self.head.len());
            self.head.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if let [a, b, c, kind, ..] = self.head[..]
                && self.head.len() == HEAD_BYTES
            {
                self.rest = u32::from_be_bytes([0, a, b, c]) as usize;
                self.head.clear();
                tell(kind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            for piece in bytes.chunks(size) {
                frames.receive(piece, |kind| seen.push(kind));
            }
            assert_eq!(seen, [SETTINGS, 0, 1, GOAWAY], "in pieces of {size}");
        }
    }
}
