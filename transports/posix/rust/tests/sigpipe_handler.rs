//! SIGPIPE where the program has a handler. One test: the process has one SIGPIPE.

use std::sync::atomic::{AtomicU32, Ordering};

use rustix::pipe::pipe;
use samehost_transport_api::{Link, Peer};
use samehost_transport_posix::FdLink;

static RAISED: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_signal: libc::c_int) {
    RAISED.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_handler_of_the_programs_own_stays() {
    let handler = count as extern "C" fn(libc::c_int);
    // SAFETY: the handler does what a signal handler may: it adds to an atomic number.
    unsafe { libc::signal(libc::SIGPIPE, handler as libc::sighandler_t) };
    let ((input, _from), (to, output)) = (pipe().unwrap(), pipe().unwrap());
    let link = FdLink::over_two(input, output, Peer::at("test:pipe")).unwrap();
    drop(to);
    assert!(link.write(b"x").is_err());
    assert_eq!(RAISED.load(Ordering::SeqCst), 1);
}
