//! A child's standard error.

/// How many bytes of a line are kept; the rest of it is dropped.
const LINE_BYTES: usize = 1024;

/// Cuts what a child writes to its standard error into lines. It takes bounded memory, whatever the
/// child writes.
#[derive(Default)]
pub(crate) struct StderrLineCutter {
    line: Vec<u8>,
    /// The rest of the line is dropped.
    full: bool,
}

impl StderrLineCutter {
    /// Takes further bytes; answers the lines that are complete by them.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut pieces = bytes.split(|&byte| byte == b'\n');
        self.append(pieces.next().unwrap_or_default());
        for piece in pieces {
            lines.push(self.line());
            self.append(piece);
        }
        lines
    }

    /// The last line, which need not have an end.
    pub fn end(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.line())
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES - self.line.len();
        if self.full {
            return;
        }
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if let Some(&next) = bytes.get(room) {
            self.full = true;
            self.cut(next);
        }
    }

    /// Takes the beginning of a character away whose rest begins with this byte.
    fn cut(&mut self, next: u8) {
        let is_within = |byte: u8| byte & 0xC0 == 0x80;
        if is_within(next) {
            let begun = self.line.iter().rev().take(3).take_while(|&&byte| is_within(byte)).count() + 1;
            self.line.truncate(self.line.len().saturating_sub(begun));
        }
    }

    fn line(&mut self) -> String {
        let line = String::from_utf8_lossy(&self.line).trim_end_matches('\r').to_owned();
        self.line.clear();
        self.full = false;
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_lines_wherever_the_bytes_are_cut() {
        let text = b"one\r\n\ntwo\nthree";
        for cut in 0..=text.len() {
            let mut cutter = StderrLineCutter::default();
            let mut lines = cutter.take(&text[..cut]);
            lines.extend(cutter.take(&text[cut..]));
            assert_eq!(lines, ["one", "", "two"]);
            assert_eq!(cutter.end().as_deref(), Some("three"));
            assert_eq!(cutter.end(), None);
        }
    }

    #[test]
    fn keeps_the_beginning_of_a_long_line_and_goes_on_after_it() {
        let mut cutter = StderrLineCutter::default();
        for _ in 0..100 {
            assert_eq!(cutter.take(&[b'x'; 1000]), Vec::<String>::new());
        }
        let lines = cutter.take(b"y\nnext\n");
        assert_eq!(lines, ["x".repeat(LINE_BYTES).as_str(), "next"]);
    }

    #[test]
    fn cuts_a_long_line_between_characters_wherever_the_bytes_are_cut() {
        let text = [b"a".repeat(1023).as_slice(), "äöü\nnext\n".as_bytes()].concat();
        for cut in 1015..text.len() {
            let mut cutter = StderrLineCutter::default();
            let mut lines = cutter.take(&text[..cut]);
            lines.extend(cutter.take(&text[cut..]));
            assert_eq!(lines, ["a".repeat(1023).as_str(), "next"], "cut at {cut}");
        }
    }

    #[test]
    fn takes_bytes_that_are_no_text() {
        assert_eq!(StderrLineCutter::default().take(b"\xFF\n"), ["\u{FFFD}"]);
    }
}
