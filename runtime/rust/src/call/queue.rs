//! A queue that holds one element without allocating.

use std::collections::VecDeque;

/// A first-in first-out queue whose first element needs no memory of its own: most streams never have more than one
/// thing waiting.
#[derive(Debug)]
pub(crate) struct SmallQueue<T> {
    first: Option<T>,
    /// What came when there was a first one. In a box, as there is none most often: an empty queue then is little to
    /// make, to move and to drop.
    #[allow(clippy::box_collection)]
    rest: Option<Box<VecDeque<T>>>,
}

impl<T> Default for SmallQueue<T> {
    fn default() -> SmallQueue<T> {
        SmallQueue::new()
    }
}

impl<T> SmallQueue<T> {
    pub(crate) const fn new() -> SmallQueue<T> {
        SmallQueue { first: None, rest: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    #[inline]
    pub(super) fn push_back(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.get_or_insert_default().push_back(element);
        }
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    /// Whether there is something behind the first element.
    pub(super) fn has_more(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| !rest.is_empty())
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.first.take()?;
        if let Some(rest) = &mut self.rest {
            self.first = rest.pop_front();
        }
        Some(next)
    }
}

impl<T> Extend<T> for SmallQueue<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        elements.into_iter().for_each(|element| self.push_back(element));
    }
}

/// Takes all out, in their order.
impl<T> Iterator for SmallQueue<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_their_order() {
        let mut queue = SmallQueue::<u32>::new();
        let mut model = VecDeque::new();
        for step in 0..2000u32 {
            match (step * 7 + step / 5) % 5 {
                0..=2 if step % 3 > 0 => {
                    queue.push_back(step);
                    model.push_back(step);
                }
                _ => assert_eq!(queue.pop_front(), model.pop_front()),
            }
            assert_eq!((queue.front(), queue.is_empty()), (model.front(), model.is_empty()));
            assert_eq!(queue.has_more(), model.len() > 1);
        }
        assert!(queue.eq(model), "what is left");
    }
}
