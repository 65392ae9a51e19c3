//! Who waits for a turn, in the order of coming.

use std::collections::BTreeMap;
use std::task::Waker;

use super::queue::SmallQueue;

/// Those who are to be woken once a lock is released: most often one.
pub(crate) type Wakes = SmallQueue<Waker>;

/// Tasks and threads that wait for the same thing, oldest first. It lives under its owner's lock.
#[derive(Default)]
pub(crate) struct Waitlist {
    last: u64,
    waiting: BTreeMap<u64, Waker>,
}

/// A place in a [`Waitlist`]; 0 while it has none.
pub(crate) type Place = u64;

impl Waitlist {
    /// Waits at `place`, or at the end of the list where it has no place yet.
    pub(crate) fn wait(&mut self, place: &mut Place, waker: &Waker) {
        if *place == 0 {
            self.last += 1;
            *place = self.last;
        }
        self.waiting.insert(*place, waker.clone());
    }

    /// Gives a place up.
    pub(crate) fn leave(&mut self, place: &mut Place) {
        self.waiting.remove(place);
        *place = 0;
    }

    /// Whether this place was woken and has not come back to wait.
    pub(crate) fn was_woken(&self, place: Place) -> bool {
        place != 0 && !self.waiting.contains_key(&place)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the one that has waited longest off the list, to be woken.
    pub(crate) fn next(&mut self) -> Option<Waker> {
        self.waiting.pop_first().map(|(_, waker)| waker)
    }

    /// Takes everybody off the list, to be woken.
    pub(crate) fn all(&mut self, wakes: &mut Wakes) {
        wakes.extend(std::mem::take(&mut self.waiting).into_values());
    }
}
