//! Standard output for answers, standard error for everything else.

use std::io::{self, Write};
use std::time::Duration;

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

/// A time for people, in letters that every terminal has: `3.2 us`, `41.0 ms`, `2.5 s`.
pub fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1e3 => format!("{micros:.1} us"),
        ..1e6 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_unit_that_it_is_read_in() {
        let times =
            [3_200, 999_000, 41_000_000, 2_500_000_000].map(|nanos| time(Duration::from_nanos(nanos)));
        assert_eq!(times, ["3.2 us", "999.0 us", "41.0 ms", "2.5 s"]);
    }
}
