//! The promises about a link's descriptors.

use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use samehost_transport_api::{Link, Read};

use super::clog;
use crate::{Ends, Subject, read_all, write_all};

/// The descriptors become ready whenever `wait` would return for that reason.
pub fn descriptors_are_ready_when_a_wait_would_return(subject: Subject) {
    subject.try_either_end(|near, far| {
        assert!(!readable(&*near, Some(Duration::ZERO)));
        assert!(writable(&*near, None));
        write_all(&*far, b"x").unwrap();
        assert!(readable(&*near, None));
        read_all(&*near, &mut [0]).unwrap();
        assert!(!readable(&*near, Some(Duration::ZERO)));
        let sent = clog(&*near).len();
        assert!(!writable(&*near, Some(Duration::ZERO)));
        let reader = thread::spawn(move || {
            read_all(&*far, &mut vec![0; sent]).unwrap();
            far
        });
        assert!(writable(&*near, None));
        drop(reader.join().unwrap());
        assert!(readable(&*near, None), "the end is something to read");
        assert_eq!(near.read(&mut [0]), Ok(Read::End));
    });
}

/// An event loop that is told of a descriptor's changes alone (epoll's edge, tokio's `AsyncFd`) is told
/// of all: it reads until there is nothing before it waits.
#[cfg(target_os = "linux")]
pub fn descriptors_serve_an_edge_triggered_event_loop(subject: Subject) {
    use rustix::event::epoll::{CreateFlags, EventData, EventFlags, add, create};
    subject.try_either_end(|near, far| {
        let events = create(CreateFlags::CLOEXEC).expect("an epoll");
        let edges = EventFlags::IN | EventFlags::RDHUP | EventFlags::ET;
        add(&events, near.descriptors().read, EventData::new_u64(0), edges).expect("it is added");
        let next = || polled(PollFd::new(&events, PollFlags::IN), None) && drained(&events);
        for round in 0..100u8 {
            write_all(&*far, &[round]).unwrap();
            let mut buffer = [0; 2];
            let read = loop {
                match near.read(&mut buffer).unwrap() {
                    Read::Empty => assert!(next()),
                    read => break read,
                }
            };
            assert_eq!((read, buffer[0]), (Read::Bytes(1), round));
            assert_eq!(near.read(&mut buffer), Ok(Read::Empty));
        }
        drop(far);
        while near.read(&mut [0]).unwrap() == Read::Empty {
            assert!(next());
        }
        assert_eq!(near.read(&mut [0]), Ok(Read::End));
    });
}

/// The same, where there is no such event loop: nothing is promised.
#[cfg(not(target_os = "linux"))]
pub fn descriptors_serve_an_edge_triggered_event_loop(_subject: Subject) {}

/// An event loop that looks before it waits is told of all: by the look, or by the descriptors after it.
pub fn who_has_looked_in_vain_is_told_by_the_descriptors(subject: Subject) {
    const SOON: Option<Duration> = Some(Duration::from_secs(30));
    subject.try_either_end(|near, far| {
        let mut buffer = [0; 2];
        near.descriptors();
        for round in 0..100u8 {
            assert_eq!(near.read(&mut buffer), Ok(Read::Empty));
            // Looks that were of use lately, and those that were not.
            for _ in 0..round % 5 {
                assert!(!near.look());
            }
            write_all(&*far, &[round]).unwrap();
            assert!(round % 2 == 0 && near.look() || readable(&*near, SOON));
            assert_eq!((near.read(&mut buffer), buffer[0]), (Ok(Read::Bytes(1)), round));
        }
        assert_eq!(near.read(&mut buffer), Ok(Read::Empty));
        drop(far);
        assert!(near.look() || readable(&*near, SOON));
        assert_eq!(near.read(&mut buffer), Ok(Read::End));
    });
}

/// Takes the events that an epoll has; answers whether there were some.
#[cfg(target_os = "linux")]
fn drained(events: &std::os::fd::OwnedFd) -> bool {
    let mut told = Vec::with_capacity(8);
    rustix::event::epoll::wait(events, rustix::buffer::spare_capacity(&mut told), None).expect("events") > 0
}

/// Every descriptor is freed, also those of links that had bytes in flight.
pub fn a_hundred_links_leave_no_descriptor_behind(subject: Subject) {
    subject.alone(|make| {
        // The first link may make what lives as long as the process.
        drop(make());
        let before = descriptors();
        for _ in 0..100 {
            let Ends { left, right, keep } = make();
            write_all(&*left, b"never read").unwrap();
            drop(left);
            drop(right);
            drop(keep);
        }
        // Threads of the transport may have some to close yet.
        let patience = Instant::now() + Duration::from_secs(60);
        while descriptors() > before && Instant::now() < patience {
            thread::yield_now();
        }
        assert!(descriptors() <= before, "{before} descriptors before, {} after", descriptors());
    });
}

fn readable(link: &dyn Link, timeout: Option<Duration>) -> bool {
    polled(PollFd::from_borrowed_fd(link.descriptors().read, PollFlags::IN), timeout)
}

fn writable(link: &dyn Link, timeout: Option<Duration>) -> bool {
    polled(PollFd::from_borrowed_fd(link.descriptors().write, PollFlags::OUT), timeout)
}

fn polled(fd: PollFd<'_>, timeout: Option<Duration>) -> bool {
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout).expect("short"));
    poll(&mut [fd], timeout.as_ref()).expect("it can be polled") == 1
}

/// How many descriptors this process has.
fn descriptors() -> usize {
    let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    std::fs::read_dir(folder).expect("the descriptors are listed").count()
}
