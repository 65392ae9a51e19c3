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
