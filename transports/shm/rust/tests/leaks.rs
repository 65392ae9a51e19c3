//! What is left behind: nothing. One test, for it counts what the process has.
#![cfg(target_os = "linux")]

mod common;

use std::io::Write;
use std::time::{Duration, Instant};

use common::{Raw, Server};
use samehost_transport_api::{Interest, Read};

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().matches("memfd:samehost").count()
}

#[test]
fn a_thousand_connections_that_break_off_anywhere_leave_no_descriptor_mapping_or_file() {
    let server = Server::shm();
    drop(server.ends());
    let files = || std::fs::read_dir(server.folder.path()).unwrap().count();
    let before = (descriptors(), files());
    for round in 0..1000 {
        match round % 5 {
            0 => drop(Raw::offer(&server)),
            1 => drop(Raw::accept(&server)),
            2 => {
                let (raw, link) = Raw::accepted(&server);
                drop(raw);
                while link.read(&mut [0]).unwrap() != Read::End {
                    link.wait(Interest::READ, None).unwrap();
                }
            }
            3 => {
                let (raw, link) = Raw::accepted(&server);
                while link.write(&[1; 1000]).unwrap() > 0 {}
                drop(link);
                drop(raw);
            }
            _ => {
                let mut socket = std::os::unix::net::UnixStream::connect(server.path()).unwrap();
                socket.write_all(b"\xF6SH").unwrap();
            }
        }
    }
    // The listener's thread has some to close yet.
    let patience = Instant::now() + Duration::from_secs(60);
    while (descriptors() > before.0 || mappings() > 0) && Instant::now() < patience {
        std::thread::yield_now();
    }
    assert!(descriptors() <= before.0, "{} descriptors before, {} after", before.0, descriptors());
    assert_eq!((files(), mappings()), (before.1, 0));
}
