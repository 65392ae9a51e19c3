//! Values by the id of their stream.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::StreamId;

/// Values by the id of their stream. The one that was put in last is at hand: most often there is no other, and a
/// call looks for it a dozen times. The others are in a map.
#[derive(Debug)]
pub(super) struct ById<T> {
    last: Option<(StreamId, T)>,
    others: HashMap<StreamId, T, BuildHasherDefault<IdHasher>>,
}

impl<T> ById<T> {
    /// With room for a few: a map that is almost full would clean itself up again and again, as streams come and go.
    pub(super) fn new() -> ById<T> {
        ById { last: None, others: HashMap::with_capacity_and_hasher(14, BuildHasherDefault::default()) }
    }

    pub(super) fn get(&self, id: StreamId) -> Option<&T> {
        match &self.last {
            Some((last, value)) if *last == id => Some(value),
            _ => self.others.get(&id),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut T> {
        match &mut self.last {
            Some((last, value)) if *last == id => Some(value),
            _ => self.others.get_mut(&id),
        }
    }

    pub(super) fn contains(&self, id: StreamId) -> bool {
        self.get(id).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last.is_none() && self.others.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        usize::from(self.last.is_some()) + self.others.len()
    }

    /// Puts in what was not there. It is made in its place: a value of 300 bytes that is moved costs 30 ns.
    #[inline(always)]
    pub(super) fn insert_with(&mut self, id: StreamId, make: impl FnOnce() -> T) -> &mut T {
        debug_assert!(!self.contains(id), "an id is used once at a time");
        if self.last.is_some() {
            self.make_way();
        }
        &mut self.last.get_or_insert_with(|| (id, make())).1
    }

    #[inline(never)]
    fn make_way(&mut self) {
        if let Some((id, value)) = self.last.take() {
            self.others.insert(id, value);
        }
    }

    /// Drops what is there.
    #[inline]
    pub(super) fn remove(&mut self, id: StreamId) {
        match &self.last {
            Some((last, _)) if *last == id => self.last = None,
            _ => drop(self.others.remove(&id)),
        }
    }

    /// All, in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (StreamId, &T)> {
        let others = self.others.iter().map(|(&id, value)| (id, value));
        self.last.iter().map(|(id, value)| (*id, value)).chain(others)
    }
}

/// A hasher for ids, which are small and mostly in sequence: one multiplication.
#[derive(Clone, Copy, Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(byte.into());
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn whatever_comes_and_goes_it_holds_what_a_map_holds() {
        let (mut values, mut model) = (ById::new(), BTreeMap::new());
        for step in 0..5000u32 {
            let id = step.wrapping_mul(2_654_435_761) >> 29;
            match step.wrapping_mul(40_503) >> 3 & 3 {
                0 | 1 if !model.contains_key(&id) => {
                    values.insert_with(id, || step);
                    model.insert(id, step);
                }
                2 => {
                    values.remove(id);
                    model.remove(&id);
                }
                _ => {
                    if let Some(value) = values.get_mut(id) {
                        *value += 1;
                    }
                    model.entry(id).and_modify(|value| *value += 1);
                }
            }
            assert_eq!((values.get(id), values.contains(id)), (model.get(&id), model.contains_key(&id)));
            assert_eq!((values.is_empty(), values.len()), (model.is_empty(), model.len()));
            let mut all: Vec<_> = values.iter().map(|(id, &value)| (id, value)).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(model.iter().map(|(&id, &value)| (id, value))));
        }
    }
}
