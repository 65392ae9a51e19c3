//! Method paths, sent once in full and then by a number.

use std::collections::HashMap;
use std::sync::Arc;

use crate::wire::WireError;

/// The words of the methods that this side calls.
#[derive(Debug, Default)]
pub(super) struct OutgoingMethods {
    words: HashMap<Arc<str>, u32>,
    /// The method that was named last, for calls often repeat: comparing is cheaper than hashing.
    recent: Option<(Arc<str>, u32)>,
}

impl OutgoingMethods {
    /// The word that is bound to a method.
    pub(super) fn known(&mut self, path: &str) -> Option<u32> {
        match &self.recent {
            Some((recent, word)) if **recent == *path => return Some(*word),
            _ => {}
        }
        let (path, &word) = self.words.get_key_value(path)?;
        self.recent = Some((Arc::clone(path), word));
        Some(word)
    }

    /// Binds a word to a method that has none; 0 where the peer takes no more than so many.
    pub(super) fn bind(&mut self, path: &str, max_methods: u32) -> u32 {
        let bound = self.words.len() as u32;
        if bound >= max_methods {
            return 0;
        }
        let path: Arc<str> = path.into();
        self.recent = Some((Arc::clone(&path), bound + 1));
        self.words.insert(path, bound + 1);
        bound + 1
    }
}

/// The words of the methods that the peer calls.
#[derive(Debug, Default)]
pub(super) struct IncomingMethods {
    /// The path of word 1, of word 2, and so on.
    paths: Vec<Arc<str>>,
}

impl IncomingMethods {
    /// The path that an OPEN means; binds it where the OPEN says so.
    pub(super) fn resolve(
        &mut self,
        word: u32,
        path: Option<&str>,
        max_methods: u32,
    ) -> Result<Arc<str>, WireError> {
        let bound = self.paths.len() as u32;
        match (word, path) {
            (0, Some(path)) => Ok(path.into()),
            (_, None) if (1..=bound).contains(&word) => Ok(Arc::clone(&self.paths[word as usize - 1])),
            (_, None) => Err(WireError::protocol("an OPEN names a method by a word that is not bound")),
            (_, Some(_)) if word > max_methods => {
                Err(WireError::protocol("an OPEN binds more words than max_methods"))
            }
            (_, Some(path)) if word == bound + 1 => {
                let path: Arc<str> = path.into();
                self.paths.push(Arc::clone(&path));
                Ok(path)
            }
            _ => Err(WireError::protocol("an OPEN binds a word that is bound or out of order")),
        }
    }
}
