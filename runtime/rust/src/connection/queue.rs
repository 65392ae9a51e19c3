//! Queues that are empty most often, or hold one element.

use std::collections::VecDeque;

/// A first-in first-out queue that is most often never used: it is one word until then, and to make, to move and to drop
/// it is next to nothing.
#[derive(Debug)]
pub(super) struct RareQueue<T>(#[allow(clippy::box_collection)] Option<Box<VecDeque<T>>>);

impl<T> RareQueue<T> {
    pub(super) const fn new() -> RareQueue<T> {
        RareQueue(None)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|queue| queue.is_empty())
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.0.as_ref()?.front()
    }

    pub(super) fn push_back(&mut self, element: T) {
        self.0.get_or_insert_default().push_back(element);
    }

    pub(super) fn push_front(&mut self, element: T) {
        self.0.get_or_insert_default().push_front(element);
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<T> {
        self.0.as_mut()?.pop_front()
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        if let Some(queue) = &mut self.0 {
            queue.clear();
        }
    }
}

/// By hand, as the compiler's own way calls a function or two even where there is nothing.
impl<T> Drop for RareQueue<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            drop_used(queue);
        }
    }
}

#[cold]
#[inline(never)]
fn drop_used<Q>(queue: Q) {
    drop(queue);
}

/// A first-in first-out queue whose first element needs no memory of its own: most streams never have more than one
/// thing waiting.
#[derive(Debug)]
pub(crate) struct SmallQueue<T> {
    first: Option<T>,
    /// What came when there was a first one.
    rest: RareQueue<T>,
}

impl<T> Default for SmallQueue<T> {
    fn default() -> SmallQueue<T> {
        SmallQueue::new()
    }
}

impl<T> SmallQueue<T> {
    pub(crate) const fn new() -> SmallQueue<T> {
        SmallQueue { first: None, rest: RareQueue::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    #[inline]
    pub(super) fn push_back(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.push_back(element);
        }
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    /// Whether there is something behind the first element.
    pub(super) fn has_more(&self) -> bool {
        !self.rest.is_empty()
    }

    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.first.take()?;
        self.first = self.rest.pop_front();
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
