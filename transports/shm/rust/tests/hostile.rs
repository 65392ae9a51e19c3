//! Peers that lie, die and sleep.

mod common;

use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;

use common::{LONG, RING_BYTES, Raw, Server};
use samehost_transport_api::{Fault, Interest, Link, Read};
use samehost_transport_testkit::{read_all, write_all};

/// Waits until something is ready.
fn wait(link: &dyn Link, interest: Interest) -> Interest {
    loop {
        let ready = link.wait(interest, Some(LONG)).unwrap();
        if ready != Interest::NONE {
            return ready;
        }
    }
}

fn fill(link: &dyn Link) -> usize {
    let mut filled = 0;
    loop {
        match link.write(&[7; 10_000]).unwrap() {
            0 => return filled,
            count => filled += count,
        }
    }
}

#[test]
fn a_peer_that_lies_about_what_it_wrote_loses_its_connection_and_no_other() {
    let server = Server::shm();
    let (near, far) = server.ends();
    for lie in [0, 4, 5 + RING_BYTES as u64 + 1, u64::MAX] {
        let (raw, link) = Raw::accepted(&server);
        raw.position(128).store(lie, Ordering::Release);
        assert_eq!(wait(&*link, Interest::READ), Interest::READ);
        for _ in 0..3 {
            assert_eq!(link.read(&mut [0; 10]).unwrap_err().fault(), Fault::Malformed);
        }
    }
    write_all(&*near, b"still").unwrap();
    read_all(&*far, &mut [0; 5]).unwrap();
}

#[test]
fn a_peer_that_lies_about_what_it_read_loses_its_connection() {
    let server = Server::shm();
    for lie in [RING_BYTES as u64 + 1, u64::MAX] {
        let (raw, link) = Raw::accepted(&server);
        assert_eq!(fill(&*link), RING_BYTES);
        raw.position(512).store(lie, Ordering::Release);
        assert_eq!(wait(&*link, Interest::WRITE), Interest::WRITE);
        assert_eq!(link.write(b"x").unwrap_err().fault(), Fault::Malformed);
    }
}

#[test]
fn a_peer_that_writes_anything_anywhere_harms_only_its_own_connection() {
    let server = Server::shm();
    let (near, far) = server.ends();
    let mut state = 88_172_645_463_325_252_u64;
    for _ in 0..300 {
        let (raw, link) = Raw::accepted(&server);
        for _ in 0..20 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = [128, 256, 384, 512][state as usize % 4];
            raw.position(at).store(if state & 8 == 0 { state } else { state % 200_000 }, Ordering::Release);
            raw.word([640, 768][state as usize >> 4 & 1]).store((state >> 32) as u32, Ordering::Release);
            // Either is right, and nothing else may happen.
            let _ = link.read(&mut [0; 100_000]);
            let _ = link.write(&[1; 1000]);
        }
    }
    write_all(&*near, b"still").unwrap();
    read_all(&*far, &mut [0; 5]).unwrap();
}

#[test]
fn a_peer_that_dies_with_half_a_record_written_leaves_what_it_had_published() {
    let server = Server::shm();
    let (raw, link) = Raw::accepted(&server);
    raw.put(5, b"published, and half a rec");
    raw.position(128).store(5 + 9, Ordering::Release);
    // No word of farewell: the system closes what a killed process had.
    drop(raw);
    let mut read = [0; 100];
    while link.read(&mut read).unwrap() != Read::Bytes(9) {
        wait(&*link, Interest::READ);
    }
    assert_eq!(&read[..9], b"published");
    while link.read(&mut read).unwrap() == Read::Empty {
        wait(&*link, Interest::READ);
    }
    assert_eq!(link.read(&mut read), Ok(Read::End));
    assert_eq!(link.write(b"x").unwrap_err().fault(), Fault::LinkFailed);
}

#[test]
fn a_reader_that_sleeps_is_woken_once_and_finds_a_full_ring() {
    let (near, far) = Server::shm().ends();
    for _ in 0..20 {
        let sleeping = thread::spawn({
            let far = far.clone();
            move || wait(&*far, Interest::READ)
        });
        let filled = fill(&*near);
        assert_eq!(filled, RING_BYTES);
        assert_eq!(sleeping.join().unwrap(), Interest::READ);
        read_all(&*far, &mut vec![0; filled]).unwrap();
        assert_eq!(far.read(&mut [0]), Ok(Read::Empty));
    }
}

#[test]
fn both_rings_full_at_once_are_emptied_by_two_who_sleep() {
    let (near, far) = Server::shm().ends();
    for _ in 0..20 {
        assert_eq!((fill(&*near), fill(&*far)), (RING_BYTES, RING_BYTES));
        let sides = [near.clone(), far.clone()].map(|link| {
            thread::spawn(move || {
                // Each has as much again to write, and room only when the other one reads.
                let (mut left, mut unread) = (RING_BYTES, 2 * RING_BYTES);
                while left + unread > 0 {
                    let interest = Interest { read: unread > 0, write: left > 0 };
                    let ready = link.wait(interest, Some(LONG)).unwrap();
                    if ready.write {
                        left -= link.write(&vec![7; left]).unwrap();
                    }
                    if let (true, Read::Bytes(count)) = (ready.read, link.read(&mut [0; 999]).unwrap()) {
                        unread -= count;
                    }
                }
            })
        });
        sides.into_iter().for_each(|side| side.join().unwrap());
    }
}

#[test]
fn a_peer_that_rings_without_end_costs_its_own_connection_alone() {
    let server = Server::shm();
    let (mut raw, link) = Raw::accepted(&server);
    for _ in 0..20 {
        raw.socket.write_all(&[1; 1000]).unwrap();
    }
    // Early returns are allowed, and end when the rings do.
    let short = std::time::Duration::from_millis(50);
    assert_eq!(link.wait(Interest::READ, Some(short)), Ok(Interest::NONE));
    raw.put(5, b"x");
    raw.position(128).store(6, Ordering::Release);
    read_all(&*link, &mut [0]).unwrap();
}
