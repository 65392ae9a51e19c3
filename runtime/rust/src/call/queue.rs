//! A queue that holds a few elements without allocating.

use std::collections::VecDeque;

/// A first-in first-out queue whose first elements need no memory of their own: most streams never have
/// more than so many things waiting.
#[derive(Debug)]
pub(crate) struct SmallQueue<T, const FEW: usize = 1> {
    first: [Option<T>; FEW],
    /// Empty unless all of `first` are there.
    rest: VecDeque<T>,
}

impl<T, const FEW: usize> Default for SmallQueue<T, FEW> {
    fn default() -> SmallQueue<T, FEW> {
        SmallQueue::new()
    }
}

impl<T, const FEW: usize> SmallQueue<T, FEW> {
    pub(crate) const fn new() -> SmallQueue<T, FEW> {
        SmallQueue { first: [const { None }; FEW], rest: VecDeque::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first[0].is_none()
    }

    pub(super) fn push_back(&mut self, element: T) {
        match self.first.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(element),
            None => self.rest.push_back(element),
        }
    }

    pub(super) fn push_front(&mut self, element: T) {
        self.first.rotate_right(1);
        if let Some(last) = self.first[0].replace(element) {
            self.rest.push_front(last);
        }
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.first[0].as_ref()
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut T> {
        self.first[0].as_mut()
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.first[0].take();
        self.first.rotate_left(1);
        if next.is_some() {
            self.first[FEW - 1] = self.rest.pop_front();
        }
        next
    }

    pub(super) fn clear(&mut self) {
        self.first = [const { None }; FEW];
        self.rest.clear();
    }
}

impl<T, const FEW: usize> Extend<T> for SmallQueue<T, FEW> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        elements.into_iter().for_each(|element| self.push_back(element));
    }
}

/// Takes all out, in their order.
impl<T, const FEW: usize> Iterator for SmallQueue<T, FEW> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_the_order<const FEW: usize>() {
        let mut queue = SmallQueue::<u32, FEW>::new();
        let mut model = VecDeque::new();
        for step in 0..2000u32 {
            match (step * 7 + step / 5) % 5 {
                0 | 1 => {
                    queue.push_back(step);
                    model.push_back(step);
                }
                2 => {
                    queue.push_front(step);
                    model.push_front(step);
                }
                _ => assert_eq!(queue.pop_front(), model.pop_front()),
            }
            assert_eq!((queue.front(), queue.is_empty()), (model.front(), model.is_empty()));
            if step % 97 == 0 {
                queue.clear();
                model.clear();
            }
        }
    }

    #[test]
    fn elements_come_in_their_order_however_few_are_kept_at_hand() {
        keeps_the_order::<1>();
        keeps_the_order::<2>();
        keeps_the_order::<3>();
    }
}
