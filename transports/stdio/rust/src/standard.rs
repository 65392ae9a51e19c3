//! This process's standard input and output.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::stdio::{dup2_stdin, dup2_stdout, stderr};
use samehost_transport_api::{Fault, LinkError};
use samehost_transport_posix::system_fault;

/// The standard streams as private descriptors, of number 3 or above and close-on-exec.
pub(crate) struct Standard {
    pub input: OwnedFd,
    pub output: OwnedFd,
}

impl Standard {
    /// Duplicates the standard streams, unless one is a terminal. Nothing is changed yet.
    pub fn duplicated() -> Result<Standard, LinkError> {
        let (stdin, stdout) = (stdin(), stdout());
        if stdin.is_terminal() {
            return Err(Fault::StdioTerminal.with(&[&"input"]));
        }
        if stdout.is_terminal() {
            return Err(Fault::StdioTerminal.with(&[&"output"]));
        }
        Ok(Standard { input: private(stdin.as_fd(), "input")?, output: private(stdout.as_fd(), "output")? })
    }

    /// Lets 0 be `/dev/null` and 1 be what 2 is, so that nobody else reads or writes on the link.
    pub fn replace(&self) -> Result<(), LinkError> {
        let null = OpenOptions::new().read(true).write(true).open("/dev/null").map_err(|error| {
            failed("open of /dev/null", Errno::from_io_error(&error).unwrap_or(Errno::IO))
        })?;
        dup2_stdin(&null).map_err(|errno| failed("dup2 of standard input", errno))?;
        let replaced = stdout_to_stderr(&null).map_err(|errno| failed("dup2 of standard output", errno));
        if replaced.is_err() {
            // As it was; should this fail too, the first failure says more.
            let _ = dup2_stdin(&self.input);
        }
        replaced
    }
}

fn stdout_to_stderr(null: &File) -> Result<(), Errno> {
    match dup2_stdout(stderr()) {
        // There is no standard error.
        Err(Errno::BADF) => dup2_stdout(null),
        result => result,
    }
}

fn private(fd: BorrowedFd<'_>, stream: &str) -> Result<OwnedFd, LinkError> {
    fcntl_dupfd_cloexec(fd, 3).map_err(|errno| failed(&format!("dup of standard {stream}"), errno))
}

pub(crate) fn failed(operation: &str, errno: Errno) -> LinkError {
    system_fault(Fault::ListenFailed, &"stdio:", operation, errno)
}
