//! Standard output for answers, standard error for everything else.

use std::io::{self, Write};

/// A line on standard error.
pub fn say(line: &str) {
    // Where nobody reads it, there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A line on standard output, which whoever reads it has at once.
pub fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
