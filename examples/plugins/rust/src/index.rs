//! Which documents words occur in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Of some words, the documents that have them, and how often.
pub struct Index {
    places: BTreeMap<String, Vec<(String, usize)>>,
}

impl Index {
    /// The different words of a text, in lower case.
    pub fn words(text: &str) -> BTreeSet<String> {
        each(text).collect()
    }

    /// An index of these words, without documents yet.
    pub fn of(words: BTreeSet<String>) -> Index {
        Index { places: words.into_iter().map(|word| (word, Vec::new())).collect() }
    }

    /// Looks the words up in one more document.
    pub fn add(&mut self, path: &str, text: &str) {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for word in each(text) {
            *times.entry(word).or_default() += 1;
        }
        for (word, places) in &mut self.places {
            places.extend(times.get(word).map(|times| (path.to_owned(), *times)));
        }
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, places) in &self.places {
            let places: Vec<String> = places.iter().map(|(path, times)| format!("{path} {times}")).collect();
            writeln!(f, "{word}: {}", places.join(", "))?;
        }
        Ok(())
    }
}

fn each(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_their_case() {
        let mut index = Index::of(Index::words("Plugins, hosts!"));
        index.add("a.md", "A host; plugins are PLUGINS.");
        index.add("b.md", "Hosts.");
        assert_eq!(index.to_string(), "hosts: b.md 1\nplugins: a.md 2\n");
    }
}
