//! Why a command has failed: what standard error reads, and the exit code.

use std::io;
use std::process::ExitCode;

use samehost::Status;

use crate::output::say;

/// Added to gRPC's code of a call that has failed, so that it is told from what went wrong before the call.
const STATUS: u8 = 64;

/// Why a command has failed.
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Something on this side: a file, the JSON, a name.
    pub fn here(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), code: 1 }
    }

    /// All was said already.
    pub fn told() -> Failure {
        Failure::here("")
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same, after another text.
    pub fn after(mut self, text: &str) -> Failure {
        self.text = format!("{text}; {}", self.text);
        self
    }

    /// The outcome of a call, with lines about its details.
    pub fn of_call(status: &Status, details: &[String]) -> Failure {
        let mut text = status.code().name().to_owned();
        if !status.message().is_empty() {
            text = format!("{text}: {}", status.message());
        }
        for detail in details {
            text = format!("{text}\n  {detail}");
        }
        Failure { text, code: STATUS + status.code() as u8 }
    }

    /// Says it, and answers what the process ends with.
    pub fn tell(self) -> ExitCode {
        if !self.text.is_empty() {
            say(&self.text);
        }
        ExitCode::from(self.code)
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Failure {
        Failure::of_call(&status, &[])
    }
}

/// Of writing to standard output: whoever has read enough, such as `head`, is told nothing.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::told(),
            _ => Failure::here(format!("writing to standard output: {error}")),
        }
    }
}
