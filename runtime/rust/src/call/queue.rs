//! A queue that holds one element without allocating.

use std::collections::VecDeque;

/// A first-in first-out queue whose first element needs no memory of its own: most streams never have
/// more than one thing waiting.
#[derive(Debug)]
pub(crate) struct SmallQueue<T> {
    first: Option<T>,
    /// Empty when `first` is.
    rest: VecDeque<T>,
}

impl<T> Default for SmallQueue<T> {
    fn default() -> SmallQueue<T> {
        SmallQueue::new()
    }
}

impl<T> SmallQueue<T> {
    pub(crate) const fn new() -> SmallQueue<T> {
        SmallQueue { first: None, rest: VecDeque::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn push_back(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.push_back(element);
        }
    }

    pub(super) fn push_front(&mut self, element: T) {
        if let Some(second) = self.first.replace(element) {
            self.rest.push_front(second);
        }
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut T> {
        self.first.as_mut()
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.rest.pop_front();
        std::mem::replace(&mut self.first, next)
    }

    pub(super) fn clear(&mut self) {
        self.first = None;
        self.rest.clear();
    }
}
