//! What the cache holds: no more than so many bytes, of which the oldest go first.

use std::collections::{BTreeMap, HashMap};

use crate::proto::Entry;

/// All entries, by their versions and by their keys.
pub struct Store {
    entries: BTreeMap<u64, Entry>,
    versions: HashMap<String, u64>,
    last_version: u64,
    bytes: usize,
    most_bytes: usize,
}

/// The version of an entry is another one than the one that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Conflict {
    pub version: u64,
}

impl Store {
    /// An empty store, whose versions are larger than this one.
    pub fn new(last_version: u64, most_bytes: usize) -> Store {
        Store { entries: BTreeMap::new(), versions: HashMap::new(), last_version, bytes: 0, most_bytes }
    }

    /// Takes an entry over with the version that it has.
    pub fn restore(&mut self, entry: Entry) {
        self.last_version = self.last_version.max(entry.version);
        self.insert(entry);
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(self.versions.get(key)?)
    }

    /// Sets an entry, if it has the version that is asked for, and answers it.
    pub fn put(&mut self, key: String, value: Vec<u8>, if_version: Option<u64>) -> Result<Entry, Conflict> {
        let version = self.versions.get(&key).copied().unwrap_or_default();
        if if_version.is_some_and(|wanted| wanted != version) {
            return Err(Conflict { version });
        }
        self.last_version += 1;
        let entry = Entry { key, value, version: self.last_version };
        self.insert(entry.clone());
        Ok(entry)
    }

    /// The entries after a version whose keys begin like this, oldest first.
    pub fn after(&self, version: u64, prefix: &str) -> Vec<Entry> {
        let later = self.entries.range(version.saturating_add(1)..);
        later.filter(|(_, entry)| entry.key.starts_with(prefix)).map(|(_, entry)| entry.clone()).collect()
    }

    fn insert(&mut self, entry: Entry) {
        if let Some(before) = self.versions.insert(entry.key.clone(), entry.version) {
            self.bytes -= self.entries.remove(&before).as_ref().map_or(0, size);
        }
        self.bytes += size(&entry);
        self.entries.insert(entry.version, entry);
        while self.bytes > self.most_bytes {
            let Some((_, oldest)) = self.entries.pop_first() else { break };
            self.versions.remove(&oldest.key);
            self.bytes -= size(&oldest);
        }
    }
}

fn size(entry: &Entry) -> usize {
    entry.key.len() + entry.value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(store: &mut Store, key: &str, value: &[u8]) -> u64 {
        store.put(key.to_owned(), value.to_vec(), None).unwrap().version
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much() {
        let mut store = Store::new(0, 12);
        for key in ["a", "b", "a", "c"] {
            put(&mut store, key, b"value");
        }
        assert_eq!(store.get("b"), None);
        let left: Vec<_> = store.after(0, "").into_iter().map(|entry| (entry.key, entry.version)).collect();
        assert_eq!(left, [("a".to_owned(), 3), ("c".to_owned(), 4)]);
    }

    #[test]
    fn of_two_that_change_the_same_version_one_fails() {
        let mut store = Store::new(7, 100);
        assert_eq!(store.put("a".into(), vec![1], Some(0)).unwrap().version, 8);
        assert_eq!(store.put("a".into(), vec![2], Some(8)).unwrap().version, 9);
        assert_eq!(store.put("a".into(), vec![3], Some(8)), Err(Conflict { version: 9 }));
        assert_eq!(store.get("a").unwrap().value, [2]);
    }

    #[test]
    fn what_is_restored_keeps_its_version_and_new_ones_are_larger() {
        let mut store = Store::new(3, 100);
        store.restore(Entry { key: "a".into(), value: vec![1], version: 10 });
        assert_eq!(put(&mut store, "b", b""), 11);
        assert_eq!(store.after(10, "").len(), 1);
    }
}
