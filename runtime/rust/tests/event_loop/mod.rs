//! An event loop of an application's: here one that polls.
#![allow(dead_code)] // each test program uses its part

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use samehost::raw::{Channel, Hub, HubLink, HubTask};

/// Generous: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(30);

/// An event loop of one thread: it watches the links of its hub, and runs futures.
pub struct EventLoop {
    pub hub: Hub,
    bell: Arc<OwnedFd>,
    pub watched: Vec<Arc<HubLink>>,
}

/// A future that the loop runs.
struct Task {
    hub: Hub,
    queued: AtomicBool,
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            let hub = self.hub.clone();
            hub.wake(self);
        }
    }
}

impl HubTask for Task {
    fn run(self: Arc<Self>) {
        self.queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.clone());
        let mut slot = self.future.lock().unwrap();
        if let Some(future) = &mut *slot
            && future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
        {
            *slot = None;
        }
    }
}

impl EventLoop {
    pub fn new() -> EventLoop {
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).unwrap());
        let rung = bell.clone();
        let hub = Hub::new(move || {
            rustix::io::write(&rung, &1u64.to_ne_bytes()).unwrap();
        });
        EventLoop { hub, bell, watched: Vec::new() }
    }

    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        spawn(&self.hub, future);
    }

    /// Runs until something is true.
    pub fn run_until(&mut self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + SOON;
        while !holds() {
            assert!(Instant::now() < until, "in vain: {what}");
            self.turn();
        }
    }

    /// Runs until something is true of which the loop is not woken.
    pub fn look_until(&mut self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + SOON;
        while !holds() {
            assert!(Instant::now() < until, "in vain: {what}");
            self.turn_if_ready();
        }
    }

    pub fn turn(&mut self) {
        self.turn_within(SOON);
    }

    pub fn turn_if_ready(&mut self) {
        self.turn_within(Duration::from_millis(1));
    }

    fn turn_within(&mut self, time: Duration) {
        let ready = self.wait(time);
        self.hub.begin_look();
        self.hub.hear();
        ready.iter().for_each(|&index| self.watched[index].turn());
        while self.hub.has_something() {
            for link in self.hub.take_news() {
                link.turn();
                if !self.watched.iter().any(|known| Arc::ptr_eq(known, &link)) {
                    self.watched.push(link);
                }
            }
            self.hub.take_woken().into_iter().for_each(HubTask::run);
        }
        self.hub.end_look();
        if self.hub.has_something() {
            rustix::io::write(&self.bell, &1u64.to_ne_bytes()).unwrap();
        }
        for over in self.watched.extract_if(.., |link| link.is_over()) {
            over.close();
        }
    }

    /// Sleeps until there is something; answers which links are ready.
    fn wait(&self, time: Duration) -> Vec<usize> {
        let mut fds = vec![PollFd::new(&self.bell, PollFlags::IN)];
        let mut of = HashMap::new();
        for (index, link) in self.watched.iter().enumerate() {
            let Some((read, write)) = link.descriptors() else { continue };
            // SAFETY: the link is open as long as it is watched.
            let read = unsafe { BorrowedFd::borrow_raw(read) };
            of.insert(fds.len(), index);
            fds.push(PollFd::from_borrowed_fd(read, PollFlags::IN));
            if link.wants_room() {
                // SAFETY: as above.
                let write = unsafe { BorrowedFd::borrow_raw(write) };
                of.insert(fds.len(), index);
                fds.push(PollFd::from_borrowed_fd(write, PollFlags::OUT));
            }
        }
        // A wake that was lost is seen, if late.
        poll(&mut fds, Timespec::try_from(time).ok().as_ref()).unwrap();
        let _ = rustix::io::read(self.bell.as_fd(), &mut [0; 8]);
        of.iter().filter(|&(&at, _)| !fds[at].revents().is_empty()).map(|(_, &index)| index).collect()
    }

    pub fn channel(&self, address: &str) -> Channel {
        Channel::builder(address).on_hub(self.hub.clone()).build().unwrap()
    }
}

pub fn spawn(hub: &Hub, future: impl Future<Output = ()> + Send + 'static) {
    let future = Mutex::new(Some(Box::pin(future) as Pin<Box<_>>));
    Arc::new(Task { hub: hub.clone(), queued: AtomicBool::new(false), future }).wake();
}

pub fn flag() -> (Arc<AtomicBool>, impl Fn() -> bool + use<>) {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    (flag, move || seen.load(Ordering::SeqCst))
}
