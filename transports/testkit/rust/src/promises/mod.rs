//! The promises of a [`Link`], a function each: the bullets of its contract. Every one tries a
//! [`Subject`] and panics where the promise is broken.

mod descriptors;

use std::thread;
use std::time::{Duration, Instant};

pub use descriptors::*;
use samehost_transport_api::{Interest, Link, LinkError, Read};

use crate::bytes::Numbers;
use crate::{Subject, read_all, read_to_end, write_all};

/// Makes a test of every promise for one [`Subject`].
#[macro_export]
macro_rules! link_contract {
    ($subject:expr) => {
        $crate::link_contract! { $subject;
            reading_never_waits
            writing_never_waits_and_takes_nothing_without_room
            bytes_arrive_whole_in_order_and_once
            bytes_arrive_one_at_a_time
            a_drop_lets_the_peer_read_what_was_written_then_the_end
            the_end_is_told_again_and_again
            writing_to_one_who_has_gone_fails
            waiting_ends_when_bytes_arrive
            waiting_ends_when_the_peer_goes
            waiting_for_room_ends_when_the_peer_reads
            waiting_for_room_ends_when_the_peer_goes
            waiting_answers_what_was_asked_for
            what_a_wait_has_found_is_read_whole
            an_end_that_a_wait_has_found_is_told_by_the_next_reads
            waiting_ends_at_the_timeout
            a_wake_ends_the_wait_in_progress
            a_wake_before_the_wait_is_not_lost
            many_wakes_do_not_block_and_do_not_stay
            both_ends_send_eight_mebibytes_at_once
            descriptors_are_ready_when_a_wait_would_return
            descriptors_serve_an_edge_triggered_event_loop
            who_has_looked_in_vain_is_told_by_the_descriptors
            a_hundred_links_leave_no_descriptor_behind
            the_peer_is_known_as_far_as_it_can_be
        }
    };
    ($subject:expr; $($promise:ident)*) => {
        $(#[test] fn $promise() { $crate::promises::$promise($subject); })*
    };
}

/// [`Link::read`] never waits.
pub fn reading_never_waits(subject: Subject) {
    subject.try_either_end(|near, _far| assert_eq!(near.read(&mut [0; 16]), Ok(Read::Empty)));
}

/// [`Link::write`] never waits: with a clogged reader it takes what there is room for, then nothing.
pub fn writing_never_waits_and_takes_nothing_without_room(subject: Subject) {
    subject.try_either_end(|near, far| {
        let sent = clog(&*near);
        assert!(!sent.is_empty(), "there is some room at first");
        drop(near);
        assert!(read_to_end(&*far).unwrap() == sent, "what was taken arrives, and no more");
    });
}

/// Bytes arrive whole, in order and once, whatever the sizes of the writes and the reads.
pub fn bytes_arrive_whole_in_order_and_once(subject: Subject) {
    subject.try_either_end(|near, far| {
        let sent = Numbers::seeded(1).bytes(1 << 20);
        let expected = sent.clone();
        let writer = thread::spawn(move || {
            let (mut rest, mut sizes) = (&sent[..], Numbers::seeded(2));
            while !rest.is_empty() {
                let (now, later) = rest.split_at((1 + sizes.under(20_000)).min(rest.len()));
                write_all(&*near, now).unwrap();
                rest = later;
            }
            near
        });
        let (mut received, mut sizes) = (Vec::new(), Numbers::seeded(3));
        while received.len() < expected.len() {
            let mut buffer = vec![0; 1 + sizes.under(20_000)];
            match far.read(&mut buffer).unwrap() {
                Read::Bytes(count) => received.extend_from_slice(&buffer[..count]),
                Read::Empty => drop(far.wait(Interest::READ, None).unwrap()),
                Read::End => panic!("the end after {} bytes", received.len()),
            }
        }
        let _near = writer.join().unwrap();
        assert!(received == expected, "the bytes are the same");
        assert_eq!(far.read(&mut [0]), Ok(Read::Empty), "and no more");
    });
}

/// The same, with the smallest writes and reads there are.
pub fn bytes_arrive_one_at_a_time(subject: Subject) {
    subject.try_either_end(|near, far| {
        let sent = Numbers::seeded(4).bytes(3000);
        for &byte in &sent {
            write_all(&*near, &[byte]).unwrap();
            let mut received = [0];
            read_all(&*far, &mut received).unwrap();
            assert_eq!(received, [byte]);
        }
    });
}

/// Dropping a link lets the peer read what was written before, then the end; also when the peer had
/// written something that was never read.
pub fn a_drop_lets_the_peer_read_what_was_written_then_the_end(subject: Subject) {
    subject.try_either_end(|near, far| {
        let sent = Numbers::seeded(5).bytes(30_000);
        write_all(&*near, &sent).unwrap();
        write_all(&*far, b"never read").unwrap();
        drop(near);
        assert!(read_to_end(&*far).unwrap() == sent, "what was written is read");
    });
}

/// `read` answers [`Read::End`] after all bytes, and keeps answering so; `wait` tells it at once.
pub fn the_end_is_told_again_and_again(subject: Subject) {
    subject.try_either_end(|near, far| {
        drop(near);
        assert_eq!(read_to_end(&*far), Ok(vec![]));
        for _ in 0..10 {
            assert!(far.wait(Interest::READ, None).unwrap().read, "the end is something to read");
            assert_eq!(far.read(&mut [0; 16]), Ok(Read::End));
        }
    });
}

/// When the peer no longer reads, `write` fails, and no signal reaches the process.
pub fn writing_to_one_who_has_gone_fails(subject: Subject) {
    subject.try_either_end(|near, far| {
        drop(far);
        // A process between the two may take some more.
        let failure = until_failure(&*near);
        assert!(failure.to_string().contains(&*near.peer().address), "{failure}");
        assert!(near.write(b"more").is_err(), "and keeps failing");
    });
}

/// `wait` returns when there is something to read.
pub fn waiting_ends_when_bytes_arrive(subject: Subject) {
    subject.try_either_end(|near, far| {
        let waiting = thread::spawn(move || {
            let ready = wait_until(&*far, Interest::READ);
            (ready, far.read(&mut [0; 16]))
        });
        near.write(b"now").unwrap();
        let (ready, read) = waiting.join().unwrap();
        assert_eq!(ready, Interest::READ);
        assert!(matches!(read, Ok(Read::Bytes(1..=3))), "{read:?}");
    });
}

/// `wait` returns when the peer goes, and the end is there to be read.
pub fn waiting_ends_when_the_peer_goes(subject: Subject) {
    subject.try_either_end(|near, far| {
        let waiting = thread::spawn(move || {
            let ready = wait_until(&*far, Interest::READ);
            (ready, far.read(&mut [0; 16]))
        });
        drop(near);
        assert_eq!(waiting.join().unwrap(), (Interest::READ, Ok(Read::End)));
    });
}

/// `wait` returns when the peer makes room.
pub fn waiting_for_room_ends_when_the_peer_reads(subject: Subject) {
    subject.try_either_end(|near, far| {
        let sent = clog(&*near).len();
        let waiting = thread::spawn(move || {
            let ready = wait_until(&*near, Interest::WRITE);
            (ready, near.write(b"more").unwrap())
        });
        read_all(&*far, &mut vec![0; sent]).unwrap();
        let (ready, taken) = waiting.join().unwrap();
        assert_eq!(ready, Interest::WRITE);
        assert!(taken > 0, "there is room");
    });
}

/// `wait` for room returns when the peer goes, and `write` fails.
pub fn waiting_for_room_ends_when_the_peer_goes(subject: Subject) {
    subject.try_either_end(|near, far| {
        clog(&*near);
        let waiting = thread::spawn(move || until_failure(&*near));
        drop(far);
        waiting.join().unwrap();
    });
}

/// `wait` answers for the wanted operations alone.
pub fn waiting_answers_what_was_asked_for(subject: Subject) {
    subject.try_either_end(|near, far| {
        write_all(&*far, b"something to read").unwrap();
        assert_eq!(wait_until(&*near, Interest::READ), Interest::READ);
        assert_eq!(near.wait(Interest::WRITE, None), Ok(Interest::WRITE));
        assert_eq!(near.wait(Interest::BOTH, None), Ok(Interest::BOTH));
        assert_eq!(near.wait(Interest::NONE, Some(Duration::ZERO)), Ok(Interest::NONE));
    });
}

/// What a `wait` has found is still there to be read, all of it and once.
pub fn what_a_wait_has_found_is_read_whole(subject: Subject) {
    subject.try_either_end(|near, far| {
        for size in [1, 1_000, 1_023, 1_024, 1_025, 4_000] {
            let sent = Numbers::seeded(size as u64).bytes(size);
            write_all(&*far, &sent).unwrap();
            for _ in 0..2 {
                assert_eq!(wait_until(&*near, Interest::READ), Interest::READ);
            }
            assert!(near.wait(Interest::BOTH, None).unwrap().read);
            let mut received = vec![0; size];
            read_all(&*near, &mut received).unwrap();
            assert!(received == sent, "all of the {size} bytes");
        }
        assert_eq!(near.read(&mut [0]), Ok(Read::Empty), "and no more");
    });
}

/// So is the end.
pub fn an_end_that_a_wait_has_found_is_told_by_the_next_reads(subject: Subject) {
    subject.try_either_end(|near, far| {
        write_all(&*far, &[1]).unwrap();
        read_all(&*near, &mut [0]).unwrap();
        drop(far);
        for _ in 0..3 {
            assert_eq!(wait_until(&*near, Interest::READ), Interest::READ);
            assert_eq!(near.read(&mut [0]), Ok(Read::End));
        }
    });
}

/// `wait` returns after the timeout, also one of nothing.
pub fn waiting_ends_at_the_timeout(subject: Subject) {
    subject.try_either_end(|near, _far| {
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(20)] {
            assert_eq!(near.wait(Interest::READ, Some(timeout)), Ok(Interest::NONE));
            assert_eq!(near.wait(Interest::NONE, Some(timeout)), Ok(Interest::NONE));
        }
    });
}

/// `wake` ends the wait in progress.
pub fn a_wake_ends_the_wait_in_progress(subject: Subject) {
    subject.try_either_end(|near, _far| {
        let waker = near.clone();
        // Whether one comes before or during a wait, each wait ends by wakes alone.
        let waiting =
            thread::spawn(move || (0..200).map(|_| near.wait(Interest::READ, None)).collect::<Vec<_>>());
        while !waiting.is_finished() {
            waker.wake();
            thread::yield_now();
        }
        assert!(waiting.join().unwrap().iter().all(|ready| *ready == Ok(Interest::NONE)));
    });
}

/// A `wake` while nobody waits ends the next wait, also when bytes went to and fro in between.
pub fn a_wake_before_the_wait_is_not_lost(subject: Subject) {
    subject.try_either_end(|near, far| {
        near.wake();
        write_all(&*near, b"x").unwrap();
        read_all(&*far, &mut [0]).unwrap();
        assert_eq!(near.wait(Interest::READ, None), Ok(Interest::NONE));
        near.wake();
        assert_eq!(near.wait(Interest::NONE, None), Ok(Interest::NONE));
    });
}

/// Many wakes from many threads block none of them, and are all taken back in the end.
pub fn many_wakes_do_not_block_and_do_not_stay(subject: Subject) {
    subject.try_either_end(|near, _far| {
        let waker = || {
            let near = near.clone();
            thread::spawn(move || (0..20_000).for_each(|_| near.wake()))
        };
        let wakers = [waker(), waker(), waker(), waker()];
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        assert_eq!(near.wait(Interest::READ, None), Ok(Interest::NONE));
        let while_asleep = Duration::from_millis(300);
        let sleeps = |_| {
            let begin = Instant::now();
            assert_eq!(near.wait(Interest::READ, Some(while_asleep)), Ok(Interest::NONE));
            begin.elapsed() >= while_asleep
        };
        assert!((0..1000).any(sleeps), "the wakes stay");
    });
}

/// One thread reads and waits while another writes, on both ends at once: nobody holds up anybody.
pub fn both_ends_send_eight_mebibytes_at_once(subject: Subject) {
    const SIZE: usize = 8 << 20;
    subject.try_either_end(|near, far| {
        let threads = [(near.clone(), 6, 7), (far.clone(), 7, 6)].map(|(link, own, peers)| {
            let (writing, reading) = (link.clone(), link);
            let writer = thread::spawn(move || {
                let mut rest = &Numbers::seeded(own).bytes(SIZE)[..];
                while !rest.is_empty() {
                    // The reader waits; a writer that is not the holder of the link looks again.
                    match writing.write(&rest[..rest.len().min(100_000)]).unwrap() {
                        0 => thread::yield_now(),
                        count => rest = &rest[count..],
                    }
                }
            });
            let reader = thread::spawn(move || {
                let mut received = vec![0; SIZE];
                read_all(&*reading, &mut received).unwrap();
                assert!(received == Numbers::seeded(peers).bytes(SIZE), "the bytes are the same");
            });
            [writer, reader]
        });
        threads.into_iter().flatten().for_each(|thread| thread.join().unwrap());
    });
}

/// The peer is known as far as the operating system can tell, and its address always.
pub fn the_peer_is_known_as_far_as_it_can_be(subject: Subject) {
    subject.try_either_end(move |near, _far| {
        let peer = near.peer();
        assert!(peer.address.contains(':'), "{peer:?}");
        assert_eq!(peer.process_id.is_some(), subject.knows_process, "{peer:?}");
        assert_eq!(peer.user_id.is_some(), subject.knows_user, "{peer:?}");
        assert!(peer.group_id.is_none() || subject.knows_user, "{peer:?}");
    });
}

/// More than any link may hold.
const MOST: usize = 64 << 20;

/// Waits until something that was asked for is ready.
fn wait_until(link: &dyn Link, interest: Interest) -> Interest {
    loop {
        let ready = link.wait(interest, None).unwrap();
        if ready != Interest::NONE {
            return ready;
        }
    }
}

/// Writes until no more is taken, also after a while, and answers what was.
fn clog(link: &dyn Link) -> Vec<u8> {
    let (mut sent, piece) = (Vec::new(), Numbers::seeded(8).bytes(65_536));
    loop {
        match link.write(&piece).unwrap() {
            0 => {
                let ready = link.wait(Interest::WRITE, Some(Duration::from_millis(100))).unwrap();
                if !ready.write {
                    return sent;
                }
            }
            count => sent.extend_from_slice(&piece[..count]),
        }
        assert!(sent.len() < MOST, "it takes everything, though nobody reads");
    }
}

/// Writes until that fails.
fn until_failure(link: &dyn Link) -> LinkError {
    let mut taken = 0;
    while taken < MOST {
        match link.write(&[0; 65_536]) {
            Ok(0) => drop(wait_until(link, Interest::WRITE)),
            Ok(count) => taken += count,
            Err(failure) => return failure,
        }
    }
    panic!("it takes everything, though nobody is there");
}
