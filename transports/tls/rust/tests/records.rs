//! Records that come in pieces, or forged, or not at all.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{credentials, meet};
use samehost_transport_api::{Descriptors, Fault, Interest, Link, LinkError, Peer, Read};
use samehost_transport_testkit::{pair, read_all, read_to_end, write_all};

/// A link that gives and takes no more than it is let, and may change what it gives.
struct Narrow {
    link: Arc<dyn Link>,
    /// The most bytes of one read and of one write.
    width: usize,
    /// How many bytes it takes yet.
    room: AtomicUsize,
    /// Changes the last byte of what is read next.
    forges: Mutex<bool>,
}

impl Narrow {
    fn over(link: Arc<dyn Link>, width: usize) -> Arc<Narrow> {
        Arc::new(Narrow { link, width, room: AtomicUsize::new(usize::MAX), forges: Mutex::new(false) })
    }
}

impl Link for Narrow {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let most = buffer.len().min(self.width);
        let read = self.link.read(&mut buffer[..most])?;
        if let (Read::Bytes(count), true) = (read, std::mem::take(&mut *self.forges.lock().unwrap())) {
            buffer[count - 1] ^= 1;
        }
        Ok(read)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        let room = self.room.load(Ordering::Relaxed);
        match bytes.len().min(self.width).min(room) {
            0 => Ok(0),
            most => {
                let count = self.link.write(&bytes[..most])?;
                self.room.store(room - count, Ordering::Relaxed);
                Ok(count)
            }
        }
    }

    fn wait(&self, interest: Interest, timeout: Option<Duration>) -> Result<Interest, LinkError> {
        self.link.wait(interest, timeout)
    }

    fn wake(&self) {
        self.link.wake();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        self.link.descriptors()
    }

    fn peer(&self) -> &Peer {
        self.link.peer()
    }
}

/// The ends of a secret link whose left side goes through a narrow one.
fn through(width: usize) -> (Arc<dyn Link>, Arc<Narrow>, Arc<dyn Link>) {
    let (client, server) = credentials();
    let (left, right) = pair();
    let narrow = Narrow::over(left, width);
    let (left, right) = meet(&client, &server, (narrow.clone(), right));
    (left.unwrap(), narrow, right.unwrap())
}

#[test]
fn records_are_whole_again_wherever_they_were_cut() {
    for width in [1, 2, 3, 5, 7, 100] {
        let (left, _narrow, right) = through(width);
        let sent: Vec<u8> = (0..40_000u32).map(|number| (number / 7) as u8).collect();
        for (from, to) in [(&left, &right), (&right, &left)] {
            let mut received = vec![0; sent.len()];
            thread::scope(|scope| {
                scope.spawn(|| write_all(&**from, &sent).unwrap());
                read_all(&**to, &mut received).unwrap();
            });
            assert!(received == sent, "{width}");
        }
    }
}

#[test]
fn a_text_counts_as_taken_once_its_whole_record_was() {
    let text: Vec<u8> = (0..200).collect();
    // A record of 200 bytes is a little longer; the room ends at every byte of it.
    for room in 0..240 {
        let (left, narrow, right) = through(1 << 20);
        narrow.room.store(room, Ordering::Relaxed);
        let taken = left.write(&text).unwrap();
        assert!(taken == 0 || taken == text.len(), "{taken} of room {room}");
        assert_eq!(taken == 0, room < 222, "room {room}");
        assert_eq!(right.read(&mut [0; 300]), Ok(if taken == 0 { Read::Empty } else { Read::Bytes(200) }));
        narrow.room.store(usize::MAX, Ordering::Relaxed);
        if taken == 0 {
            // What is given again may have grown, and be given in pieces.
            let first = left.write(&text[..150]).unwrap();
            assert_eq!(first, 150);
            let more = [&text[150..], b"more"].concat();
            assert_eq!(left.write(&more), Ok(more.len()));
            let mut received = [0; 204];
            read_all(&*right, &mut received).unwrap();
            assert!(received[..200] == text && &received[200..] == b"more", "room {room}");
        }
        drop(left);
        assert_eq!(read_to_end(&*right), Ok(vec![]));
    }
}

#[test]
fn a_link_that_is_dropped_with_half_a_record_sent_has_sent_nothing_of_it() {
    let (left, narrow, right) = through(1 << 20);
    write_all(&*left, b"whole").unwrap();
    narrow.room.store(10, Ordering::Relaxed);
    assert_eq!(left.write(b"half"), Ok(0));
    narrow.room.store(usize::MAX, Ordering::Relaxed);
    drop(left);
    drop(narrow);
    assert_eq!(read_to_end(&*right), Ok(b"whole".to_vec()));
}

#[test]
fn a_forged_record_is_told_to_both_sides_after_what_came_before() {
    let (left, narrow, right) = through(1 << 20);
    write_all(&*right, b"before").unwrap();
    assert_eq!(left.read(&mut [0; 3]), Ok(Read::Bytes(3)));
    write_all(&*right, b"forged").unwrap();
    *narrow.forges.lock().unwrap() = true;
    assert_eq!(left.read(&mut [0; 16]), Ok(Read::Bytes(3)));
    assert_eq!(left.wait(Interest::READ, None), Ok(Interest::READ), "a failure is something to read");
    for _ in 0..2 {
        let failure = left.read(&mut [0; 16]).unwrap_err();
        assert_eq!(failure, Fault::TlsFailed.with(&[&"test-pair:", &"cannot decrypt peer's message"]));
        assert_eq!(left.write(b"more").unwrap_err(), failure);
    }
    let told = right.read(&mut [0; 16]).unwrap_err();
    assert_eq!(told, Fault::TlsRefused.with(&[&"test-pair:", &"bad_record_mac"]));
}

#[test]
fn nonsense_after_the_handshake_is_a_fault() {
    let (client, server) = credentials();
    let (left, right) = pair();
    let outside = right.clone();
    let (left, _right) = meet(&client, &server, (left, right));
    write_all(&*outside, b"220 mail.example ESMTP").unwrap();
    assert_eq!(left.unwrap().read(&mut [0; 16]).unwrap_err().fault(), Fault::TlsFailed);
}

#[test]
fn an_end_that_nobody_has_announced_is_an_end() {
    for announced in [true, false] {
        let (client, server) = credentials();
        let (left, right) = pair();
        let narrow = Narrow::over(right, 1 << 20);
        let (left, right) = meet(&client, &server, (left, narrow.clone()));
        let (left, right) = (left.unwrap(), right.unwrap());
        write_all(&*right, b"the last").unwrap();
        if !announced {
            narrow.room.store(0, Ordering::Relaxed);
        }
        drop((narrow, right));
        assert_eq!(read_to_end(&*left), Ok(b"the last".to_vec()));
        assert_eq!(left.read(&mut [0]), Ok(Read::End));
    }
}

#[test]
fn half_a_record_does_not_end_a_wait() {
    let (left, narrow, right) = through(1 << 20);
    narrow.room.store(10, Ordering::Relaxed);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| right.wait(Interest::READ, Some(Duration::from_millis(300))));
        // Long enough for it to wait, on most machines.
        thread::sleep(Duration::from_millis(100));
        assert_eq!(left.write(b"half"), Ok(0));
        assert_eq!(waiting.join().unwrap(), Ok(Interest::NONE));
    });
    narrow.room.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(left.write(b"half"), Ok(4));
    assert_eq!(right.wait(Interest::READ, None), Ok(Interest::READ));
}

#[test]
fn first_bytes_are_looked_at_and_read_again() {
    let (client, server) = credentials();
    let (left, right) = meet(&client, &server, pair());
    let (left, right) = (left.unwrap(), right.unwrap());
    for (text, seen) in [(&b"fi"[..], &b"fi"[..]), (b"rst", b"first")] {
        write_all(&*left, text).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(right.peek(&mut buffer), Ok(Read::Bytes(seen.len())));
        assert_eq!(&buffer[..seen.len()], seen);
    }
    assert_eq!(right.wait(Interest::READ, None), Ok(Interest::READ));
    write_all(&*left, b" and more").unwrap();
    let mut all = [0; 14];
    read_all(&*right, &mut all).unwrap();
    assert_eq!(&all, b"first and more");
}

#[test]
fn one_who_is_turned_away_reads_the_last_words_and_the_end_and_is_not_heard_any_more() {
    let (client, server) = credentials();
    let (left, right) = meet(&client, &server, pair());
    let (left, right) = (left.unwrap(), right.unwrap());
    right.say_last(b"farewell");
    assert_eq!(read_to_end(&*left), Ok(b"farewell".to_vec()));
    write_all(&*left, &[7; 100_000]).unwrap();
    assert_eq!(right.peek(&mut [0; 64]), Ok(Read::Empty));
    drop(left);
    assert_eq!(right.peek(&mut [0; 64]), Ok(Read::End));
}
