//! Counts words.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::proto::{Counts, Text, Word};

#[derive(Default)]
pub struct Tally {
    times: BTreeMap<String, u64>,
}

impl Tally {
    pub fn add(&mut self, text: &Text) {
        let lower = text.text.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            *self.times.entry(word.to_owned()).or_default() += 1;
        }
    }

    pub fn counts(&self) -> Counts {
        Counts { words: self.times.values().sum(), different_words: self.times.len() as u64 }
    }

    pub fn words(self) -> Vec<Word> {
        let mut words: Vec<Word> = self.times.into_iter().map(|(word, times)| Word { word, times }).collect();
        words.sort_by_key(|word| Reverse(word.times));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_words_come_first_and_equal_ones_by_alphabet() {
        let mut tally = Tally::default();
        tally.add(&Text { text: "B, c: a".into() });
        tally.add(&Text { text: " C! ".into() });
        assert_eq!(tally.counts(), Counts { words: 4, different_words: 3 });
        let words: Vec<String> = tally.words().into_iter().map(|word| word.word).collect();
        assert_eq!(words, ["c", "a", "b"]);
    }
}
