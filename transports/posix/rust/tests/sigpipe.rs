//! SIGPIPE where the program has not chosen what it does. One test: the process has one SIGPIPE.

use rustix::pipe::pipe;
use samehost_transport_api::{Fault, Link, Peer};
use samehost_transport_posix::FdLink;

#[test]
fn a_pipe_without_a_reader_fails_the_write_and_does_not_end_the_process() {
    // Rust's start-up ignores the signal; a host in another language may not.
    // SAFETY: no other thread of this process writes to a pipe.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let ((input, _from), (to, output)) = (pipe().unwrap(), pipe().unwrap());
    let link = FdLink::over_two(input, output, Peer::at("test:pipe")).unwrap();
    drop(to);
    let failure = link.write(b"x").unwrap_err();
    assert_eq!(failure.fault(), Fault::LinkFailed);
    let begin = "test:pipe: write failed: Broken pipe (EPIPE).";
    assert!(failure.to_string().starts_with(begin), "{failure}");
}
