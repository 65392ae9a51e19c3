//! What a client writes to the rendezvous.

/// The longest name of a rendezvous: a record then has at most 512 bytes, which every system takes whole
/// (`PIPE_BUF`), and the names in it at most 255.
pub(crate) const NAME_LIMIT: usize = 200;

/// No record is longer.
pub(crate) const RECORD_LIMIT: usize = 512;

/// What a server answers, one byte (ACK), when it has both pipes of a client open.
pub(crate) const ANSWER: u8 = 0x06;

/// How many hex digits make two names of one rendezvous differ.
const DIGITS: usize = 16;

/// The two names of a client's pipes, in the folder of the rendezvous: `.NAME.0123456789abcdef.up`, which the
/// client writes, and the same with `.down`, which it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub up: String,
    pub down: String,
}

impl Names {
    /// Those of a rendezvous with a number of their own.
    pub fn of(rendezvous: &str, number: u64) -> Names {
        let stem = format!(".{rendezvous}.{number:016x}");
        Names { up: format!("{stem}.up"), down: format!("{stem}.down") }
    }

    /// The names of which `name` is one, if it is any of a rendezvous.
    pub fn with(rendezvous: &str, name: &str) -> Option<Names> {
        let rest = name.strip_prefix('.')?.strip_prefix(rendezvous)?.strip_prefix('.')?;
        let digits = rest.get(..DIGITS)?;
        if !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let names = Names::of(rendezvous, u64::from_str_radix(digits, 16).ok()?);
        (names.up == name || names.down == name).then_some(names)
    }

    /// The record: a line that begins on a line of its own, whatever somebody has written before it.
    pub fn record(&self) -> Vec<u8> {
        format!("\nfifo1 {} {}\n", self.up, self.down).into_bytes()
    }

    /// The names in a line of the rendezvous, which must be a record's to the last byte.
    pub fn read(rendezvous: &str, line: &[u8]) -> Option<Names> {
        let up = std::str::from_utf8(line).ok()?.strip_prefix("fifo1 ")?;
        let up = up.get(..rendezvous.len() + DIGITS + ".".len() * 2 + ".up".len())?;
        let names = Names::with(rendezvous, up)?;
        let record = names.record();
        (record[1..record.len() - 1] == *line).then_some(names)
    }
}

/// The lines that were read from the rendezvous. What is longer than a record is let go as it comes.
#[derive(Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// The line that `bytes` begins with is too long, and its beginning is gone.
    too_long: bool,
}

impl Lines {
    /// Takes what was read.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next line that is whole and not empty: `Err` with its beginning when it is too long.
    pub fn next(&mut self) -> Option<Result<Vec<u8>, Vec<u8>>> {
        loop {
            let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n') else {
                if self.bytes.len() <= RECORD_LIMIT {
                    return None;
                }
                let beginning = std::mem::take(&mut self.bytes);
                if !std::mem::replace(&mut self.too_long, true) {
                    return Some(Err(beginning));
                }
                continue;
            };
            let line: Vec<u8> = self.bytes.drain(..=end).take(end).collect();
            if std::mem::take(&mut self.too_long) || line.is_empty() {
                continue;
            }
            return Some(if line.len() > RECORD_LIMIT { Err(line) } else { Ok(line) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_nothing_else_is() {
        let names = Names::of("calls", 0xFEED);
        assert_eq!(names.up, ".calls.000000000000feed.up");
        let record = names.record();
        let line = &record[1..record.len() - 1];
        assert_eq!(Names::read("calls", line), Some(names));
        for wrong in [
            "",
            "fifo1",
            "fifo1 ",
            "fifo2 .calls.000000000000feed.up .calls.000000000000feed.down",
            "fifo1 .calls.000000000000feed.up .calls.000000000000beef.down",
            "fifo1 .calls.000000000000feed.down .calls.000000000000feed.up",
            "fifo1 .calls.000000000000FEED.up .calls.000000000000FEED.down",
            "fifo1 .calls.000000000000feed.up .calls.000000000000feed.down ",
            "fifo1 .other.000000000000feed.up .other.000000000000feed.down",
            "fifo1 ../x.000000000000feed.up ../x.000000000000feed.down",
            "fifo1 /etc/passwd /etc/passwd",
            "fifo1 .calls.+00000000000feed.up .calls.+00000000000feed.down",
            "fifo1 .calls.00000000000é .calls.00000000000é",
        ] {
            assert_eq!(Names::read("calls", wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Names::read("calls", b"fifo1 \xFF"), None);
    }

    #[test]
    fn the_longest_record_is_one_that_every_system_takes_whole() {
        assert!(Names::of(&"x".repeat(NAME_LIMIT), u64::MAX).record().len() <= RECORD_LIMIT);
        let spaced = Names::of("my calls", 1);
        let record = spaced.record();
        assert_eq!(Names::read("my calls", &record[1..record.len() - 1]), Some(spaced));
    }

    #[test]
    fn lines_are_found_however_they_are_cut_and_garbage_spoils_none_behind_it() {
        let all = [&b"garbage"[..], b"\none\n", b"\n", b"\ntwo\n", &[b'x'; 2000], b"\nthree\n"].concat();
        for size in [1, 7, 511, 512, 513, 4096] {
            let mut lines = Lines::default();
            let (mut whole, mut long) = (Vec::new(), 0);
            for piece in all.chunks(size) {
                lines.add(piece);
                while let Some(line) = lines.next() {
                    match line {
                        Ok(line) => whole.push(String::from_utf8(line).unwrap()),
                        Err(_) => long += 1,
                    }
                }
                assert!(lines.bytes.len() <= RECORD_LIMIT);
            }
            assert_eq!((whole, long), (["garbage", "one", "two", "three"].map(str::to_owned).to_vec(), 1));
        }
    }
}
