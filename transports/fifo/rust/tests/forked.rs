//! What a process that was forked keeps of a listener's.

mod common;

use std::os::unix::fs::MetadataExt;

use common::{LONG, Place};
use samehost_transport_api::Listener;
use samehost_transport_posix::close_after_fork;
use samehost_transport_testkit::RecordingAcceptor;

/// More descriptors than this test has.
const MOST: i32 = 256;

#[test]
fn a_forked_child_holds_no_rendezvous() {
    let place = Place::new();
    let listener: Box<dyn Listener> = place.listener(LONG);
    listener.start(RecordingAcceptor::new(b"first")).unwrap();
    let inode = std::fs::metadata(place.path()).unwrap().ino();
    // SAFETY: the child makes system calls alone until it ends: it takes no lock and no memory.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY: the child uses nothing of what it closes.
        unsafe { close_after_fork() };
        let held = (0..MOST).filter(|&fd| is(fd, inode)).count();
        // SAFETY: it ends the child at once.
        unsafe { libc::_exit(held as i32) };
    }
    let mut status = 0;
    // SAFETY: the status is a place of this frame.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(libc::WEXITSTATUS(status), 0, "so many of its descriptors are the rendezvous");
}

/// Whether a descriptor is a file with this inode.
fn is(fd: i32, inode: u64) -> bool {
    // SAFETY: plain numbers, of which zeros are a valid value.
    let mut found: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the place is of this frame.
    (unsafe { libc::fstat(fd, &mut found) }) == 0 && found.st_ino == inode
}
