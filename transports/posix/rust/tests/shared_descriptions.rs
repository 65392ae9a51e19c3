//! What others share is left as it is.

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::dup;
use rustix::pipe::pipe;
use samehost_transport_api::{Interest, Link, Peer, Read};
use samehost_transport_posix::{FdLink, socket_pair};

#[test]
fn an_inherited_pipe_stays_blocking_for_those_who_share_it() {
    let ((input, _from), (_to, output)) = (pipe().unwrap(), pipe().unwrap());
    let shared = [dup(&input).unwrap(), dup(&output).unwrap()];
    let link = FdLink::over_inherited(input, output, Peer::at("test:")).unwrap();
    assert_eq!(link.read(&mut [0]), Ok(Read::Empty));
    while link.write(&[0; 4096]).unwrap() > 0 {}
    for fd in shared {
        assert!(!fcntl_getfl(&fd).unwrap().contains(OFlags::NONBLOCK));
    }
}

#[test]
fn a_socket_stays_blocking_whoever_made_it() {
    let (near, _far) = socket_pair().unwrap();
    let shared = dup(&near).unwrap();
    let inherited = FdLink::over_inherited(dup(&near).unwrap(), dup(&near).unwrap(), Peer::at("test:"));
    assert_eq!(inherited.unwrap().read(&mut [0]), Ok(Read::Empty));
    let link = FdLink::over(near, Peer::at("test:")).unwrap();
    assert_eq!(link.read(&mut [0]), Ok(Read::Empty));
    while link.write(&[0; 4096]).unwrap() > 0 {}
    assert!(!fcntl_getfl(&shared).unwrap().contains(OFlags::NONBLOCK));
}

#[test]
fn initial_bytes_are_read_first_and_end_a_wait_at_once() {
    let (near, far) = socket_pair().unwrap();
    let link = FdLink::over(near, Peer::at("test:")).unwrap().with_initial(b"abcd".to_vec());
    rustix::io::write(&far, b"ef").unwrap();
    assert_eq!(link.wait(Interest::READ, None), Ok(Interest::READ));
    let mut buffer = [0; 3];
    assert_eq!(link.read(&mut buffer), Ok(Read::Bytes(3)));
    assert_eq!(&buffer, b"abc");
    assert_eq!(link.wait(Interest::BOTH, None), Ok(Interest::BOTH));
    assert_eq!(link.read(&mut buffer), Ok(Read::Bytes(1)));
    assert_eq!(link.read(&mut buffer), Ok(Read::Bytes(2)));
    assert_eq!(link.read(&mut buffer), Ok(Read::Empty));
    drop(far);
    assert_eq!(link.read(&mut buffer), Ok(Read::End));
}
