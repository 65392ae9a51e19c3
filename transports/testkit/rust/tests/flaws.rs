//! The suite finds what is broken: links with one flaw each, and the promise that they break.

use std::fs::File;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use samehost_transport_api::{Descriptors, Interest, Link, LinkError, Peer, Read};
use samehost_transport_testkit::{Ends, Subject, promises};

/// What a [`FlawedLink`] does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    ReadsOneByteTwice,
    ForgetsTheEnd,
    ClaimsMoreThanItTakes,
    LosesWakesBeforeTheWait,
    KeepsWakes,
    AnswersMoreThanWasAsked,
    SaysNothingOfOneWhoHasGone,
    ShowsForeignDescriptors,
}

/// A link of a pair, with a flaw.
struct FlawedLink {
    link: Arc<dyn Link>,
    flaw: Flaw,
    reads: AtomicUsize,
    foreign: File,
}

impl Link for FlawedLink {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        let read = self.link.read(buffer)?;
        let count = self.reads.fetch_add(1, Ordering::Relaxed);
        match (self.flaw, read) {
            (Flaw::ReadsOneByteTwice, Read::Bytes(length)) if count > 6 && length < buffer.len() => {
                buffer[length] = buffer[length - 1];
                Ok(Read::Bytes(length + 1))
            }
            (Flaw::ForgetsTheEnd, Read::End) if count > 3 => Ok(Read::Empty),
            _ => Ok(read),
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        match self.link.write(bytes) {
            Ok(0) if self.flaw == Flaw::ClaimsMoreThanItTakes => Ok(bytes.len()),
            Err(_) if self.flaw == Flaw::SaysNothingOfOneWhoHasGone => Ok(bytes.len()),
            result => result,
        }
    }

    fn wait(&self, interest: Interest, timeout: Option<Duration>) -> Result<Interest, LinkError> {
        if self.flaw == Flaw::LosesWakesBeforeTheWait {
            self.link.wait(Interest::NONE, Some(Duration::ZERO))?;
            // The suite would wait for long otherwise.
            let ready = self.link.wait(interest, Some(Duration::from_millis(10)))?;
            assert!(ready != Interest::NONE || timeout.is_some(), "a lost wake: this would hang");
            return Ok(ready);
        }
        let ready = self.link.wait(interest, timeout)?;
        if self.flaw == Flaw::KeepsWakes && ready == Interest::NONE {
            self.link.wake();
            return Ok(ready);
        }
        if self.flaw == Flaw::AnswersMoreThanWasAsked {
            return Ok(Interest::BOTH);
        }
        Ok(ready)
    }

    fn wake(&self) {
        self.link.wake();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        let Descriptors { read, write } = self.link.descriptors();
        match self.flaw {
            Flaw::ShowsForeignDescriptors => Descriptors { read: self.foreign.as_fd(), write },
            _ => Descriptors { read, write },
        }
    }

    fn peer(&self) -> &Peer {
        self.link.peer()
    }
}

fn ends(flaw: Flaw) -> Ends {
    let Ends { left, right, keep } = Ends::of_pair();
    let flawed = |link| {
        let foreign = File::open("/dev/null").unwrap();
        Arc::new(FlawedLink { link, flaw, reads: AtomicUsize::new(0), foreign })
    };
    Ends { left: flawed(left), right: flawed(right), keep }
}

fn of_pair(make: fn() -> Ends) -> Subject {
    Subject { knows_process: false, knows_user: false, ..Subject::of(make) }
}

fn breaks(promise: fn(Subject), make: fn() -> Ends) -> bool {
    catch_unwind(AssertUnwindSafe(|| promise(of_pair(make)))).is_err()
}

#[test]
fn a_link_without_a_flaw_passes() {
    assert!(!breaks(promises::bytes_arrive_whole_in_order_and_once, || ends(Flaw::None)));
    assert!(!breaks(promises::many_wakes_do_not_block_and_do_not_stay, || ends(Flaw::None)));
}

#[test]
fn a_byte_that_is_read_twice_is_found() {
    assert!(breaks(promises::bytes_arrive_whole_in_order_and_once, || ends(Flaw::ReadsOneByteTwice)));
}

#[test]
fn an_end_that_is_told_once_is_found() {
    assert!(breaks(promises::the_end_is_told_again_and_again, || ends(Flaw::ForgetsTheEnd)));
}

#[test]
fn a_write_that_claims_what_it_does_not_take_is_found() {
    assert!(breaks(promises::writing_never_waits_and_takes_nothing_without_room, || ends(
        Flaw::ClaimsMoreThanItTakes
    )));
}

#[test]
fn a_lost_wake_is_found() {
    assert!(breaks(promises::a_wake_before_the_wait_is_not_lost, || ends(Flaw::LosesWakesBeforeTheWait)));
}

#[test]
fn a_wake_that_stays_is_found() {
    assert!(breaks(promises::many_wakes_do_not_block_and_do_not_stay, || ends(Flaw::KeepsWakes)));
}

#[test]
fn an_answer_that_was_not_asked_for_is_found() {
    assert!(breaks(promises::waiting_answers_what_was_asked_for, || ends(Flaw::AnswersMoreThanWasAsked)));
}

#[test]
fn a_write_to_nobody_that_succeeds_is_found() {
    assert!(breaks(promises::writing_to_one_who_has_gone_fails, || ends(Flaw::SaysNothingOfOneWhoHasGone)));
}

#[test]
fn descriptors_of_something_else_are_found() {
    assert!(breaks(promises::descriptors_are_ready_when_a_wait_would_return, || ends(
        Flaw::ShowsForeignDescriptors
    )));
}
