//! The flags of a program.

use std::collections::HashMap;

/// The flags of a program, each with one value: `--name value` or `--name=value`.
#[derive(Debug, Default)]
pub struct Flags {
    values: HashMap<String, String>,
}

impl Flags {
    /// Reads the flags of a command line.
    ///
    /// # Errors
    /// Names a flag that is not in `known` or has no value.
    pub fn parse(words: impl IntoIterator<Item = String>, known: &[&str]) -> Result<Flags, String> {
        let mut flags = Flags::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (&*word, None),
            };
            let name = name.strip_prefix("--").filter(|name| known.contains(name));
            let name = name.ok_or_else(|| format!("no such flag: {word}"))?.to_owned();
            let value = value.or_else(|| words.next());
            flags.values.insert(name, value.ok_or_else(|| format!("the flag {word} needs a value"))?);
        }
        Ok(flags)
    }

    /// The value of a flag, if it was given.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of a flag.
    ///
    /// # Errors
    /// Where it was not given.
    pub fn get(&self, name: &str) -> Result<&str, String> {
        self.find(name).ok_or_else(|| format!("the flag --{name} is missing"))
    }
}
