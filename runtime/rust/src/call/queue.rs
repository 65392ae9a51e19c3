//! A queue that holds a few elements without allocating.

use std::collections::VecDeque;

/// A first-in first-out queue whose first elements need no memory of their own: most streams never have
/// more than so many things waiting.
#[derive(Debug)]
pub(crate) struct SmallQueue<T, const FEW: usize = 1> {
    /// The first elements, from `head` on and around.
    first: [Option<T>; FEW],
    head: usize,
    length: usize,
    /// What came when all of `first` were there. In a box, as there is none most often: an empty queue then is little
    /// to make, to move and to drop.
    #[allow(clippy::box_collection)]
    rest: Option<Box<VecDeque<T>>>,
}

impl<T, const FEW: usize> Default for SmallQueue<T, FEW> {
    fn default() -> SmallQueue<T, FEW> {
        SmallQueue::new()
    }
}

impl<T, const FEW: usize> SmallQueue<T, FEW> {
    pub(crate) const fn new() -> SmallQueue<T, FEW> {
        SmallQueue { first: [const { None }; FEW], head: 0, length: 0, rest: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Where the element of `first` with this number is.
    fn at(&self, number: usize) -> usize {
        let at = self.head + number;
        if at < FEW { at } else { at - FEW }
    }

    pub(super) fn push_back(&mut self, element: T) {
        if self.length == FEW {
            return self.rest.get_or_insert_default().push_back(element);
        }
        let at = self.at(self.length);
        self.first[at] = Some(element);
        self.length += 1;
    }

    pub(super) fn push_front(&mut self, element: T) {
        self.head = self.at(FEW - 1);
        match self.first[self.head].replace(element) {
            Some(last) => self.rest.get_or_insert_default().push_front(last),
            None => self.length += 1,
        }
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.get(0)
    }

    /// One of the first few elements.
    pub(super) fn get(&self, number: usize) -> Option<&T> {
        if number < self.length { self.first[self.at(number)].as_ref() } else { None }
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.first[self.head].take()?;
        match self.rest.as_deref_mut().and_then(VecDeque::pop_front) {
            // It is the last of all those at hand.
            Some(last) => self.first[self.head] = Some(last),
            None => self.length -= 1,
        }
        self.head = self.at(1);
        Some(next)
    }

    pub(super) fn clear(&mut self) {
        while self.pop_front().is_some() {}
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
