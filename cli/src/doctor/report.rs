//! What the doctor has seen: a line for each step, and whether anything is wrong.

/// Lines for people.
pub struct Report {
    lines: Vec<String>,
    well: bool,
}

impl Report {
    /// Nothing was seen yet.
    pub fn new() -> Report {
        Report { lines: Vec::new(), well: true }
    }

    /// What the lines below are about.
    pub fn heading(&mut self, text: &str) {
        self.lines.push(text.to_owned());
    }

    /// This is as it should be.
    pub fn ok(&mut self, text: impl AsRef<str>) {
        self.line("ok", text.as_ref());
    }

    /// This may be meant so, or costs something.
    pub fn warning(&mut self, text: impl AsRef<str>) {
        self.line("warning", text.as_ref());
    }

    /// This stands in the way, and what to do about it.
    pub fn wrong(&mut self, text: impl AsRef<str>) {
        self.well = false;
        self.line("WRONG", text.as_ref());
    }

    fn line(&mut self, judgement: &str, text: &str) {
        // Further lines of a text stand below its first one.
        let text = text.trim_end().replace('\n', "\n           ");
        self.lines.push(format!("  {judgement:<8} {text}"));
    }

    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.well
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
