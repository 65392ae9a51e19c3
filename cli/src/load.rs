//! Calls one after the other, by a thread: as fast as they are answered, or at a pace.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use samehost::raw::{CallOptions, Channel, Patience};
use samehost::{Code, Status};

/// What is called, again and again.
pub struct Load {
    pub channel: Channel,
    pub path: String,
    pub options: CallOptions,
    pub requests: Vec<Bytes>,
    /// Either side may have another number of messages than one.
    pub streams: bool,
}

/// What was seen.
pub struct Seen {
    /// Of calls that ended well, in nanoseconds.
    pub times: Histogram<u64>,
    pub answers: u64,
    pub failures: u64,
    pub first_failure: Option<Status>,
}

impl Seen {
    /// Nothing yet.
    pub fn new() -> Seen {
        let times = Histogram::new(3).expect("three digits are allowed");
        Seen { times, answers: 0, failures: 0, first_failure: None }
    }

    /// What another one has seen as well.
    pub fn add(&mut self, other: Seen) {
        // It has the same digits, and grows by itself.
        let _ = self.times.add(other.times);
        self.answers += other.answers;
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }
}

/// When each call is due.
#[derive(Clone, Copy)]
pub struct Pace {
    next: Instant,
    step: Duration,
}

impl Pace {
    /// Of one of several threads that share a rate.
    pub fn of(began: Instant, rate: f64, number: u32, threads: u32) -> Pace {
        let between = Duration::from_secs_f64(1.0 / rate);
        Pace { next: began + between * number, step: between * threads }
    }

    /// Waits until the next call is due, or it is told to stop, and its thread is unparked; answers since when the call's
    /// time counts. Where it should have begun while the one before was not answered, that is when it was due: what waits
    /// in line is not hidden. How late a sleep ends is not the server's.
    fn wait(&mut self, stop: &AtomicBool) -> Instant {
        let due = self.next;
        self.next += self.step;
        let mut now = Instant::now();
        if due <= now {
            return due;
        }
        while now < due && !stop.load(Ordering::Relaxed) {
            thread::park_timeout(due - now);
            now = Instant::now();
        }
        now
    }
}

impl Load {
    /// Calls until a time, or until it is told to stop; what was due before another time does not count.
    pub fn run(&self, mut pace: Option<Pace>, from: Instant, until: Instant, stop: &AtomicBool) -> Seen {
        let mut seen = Seen::new();
        while !stop.load(Ordering::Relaxed) {
            let began = pace.as_mut().map_or_else(Instant::now, |pace| pace.wait(stop));
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let answered = self.call();
            let ended = Instant::now();
            if ended >= until || stop.load(Ordering::Relaxed) {
                break;
            }
            if began < from {
                continue;
            }
            match answered {
                Ok(answers) => {
                    seen.answers += answers;
                    // It grows to whatever a call can take.
                    let _ = seen.times.record(u64::try_from((ended - began).as_nanos()).unwrap_or(u64::MAX));
                }
                Err(status) => {
                    seen.failures += 1;
                    seen.first_failure.get_or_insert(status);
                }
            }
        }
        seen
    }

    /// One call; answers how many messages came back.
    pub fn call(&self) -> Result<u64, Status> {
        match (self.streams, &*self.requests) {
            (false, [request]) => {
                let (options, request) = (self.options.clone(), request.clone());
                let answered = self.channel.unary(&self.path, options, request, Patience::endless());
                let status = answered.expect("nobody asks it to stop").status;
                if status.code() == Code::Ok { Ok(1) } else { Err(status) }
            }
            _ => self.stream(),
        }
    }

    /// All requests, then all answers.
    fn stream(&self) -> Result<u64, Status> {
        let call = self.channel.call(&self.path, self.options.clone());
        for request in &self.requests {
            // A call that is over says why in its outcome.
            let ready = call.wait_ready(Patience::endless());
            if !matches!(ready, Ok(Some(Ok(())))) || call.send(request.clone(), false, true).is_err() {
                break;
            }
        }
        call.half_close();
        let mut answers = 0;
        while let Ok(Some(Some(_))) = call.wait(Patience::endless(), |call, cx| call.poll_message(cx)) {
            answers += 1;
        }
        let outcome = call.outcome().expect("the outcome is known behind the last message");
        match outcome.status.code() {
            Code::Ok => Ok(answers),
            _ => Err(outcome.status.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_take_turns_at_a_pace_and_one_that_is_late_counts_from_when_it_was_due() {
        let began = Instant::now();
        let (mut second, stop) = (Pace::of(began, 1000.0, 1, 2), AtomicBool::new(false));
        assert!(second.wait(&stop) >= began + Duration::from_millis(1));
        thread::sleep(Duration::from_millis(10));
        assert_eq!(second.wait(&stop), began + Duration::from_millis(3));
        assert_eq!(second.wait(&stop), began + Duration::from_millis(5));
    }
}
