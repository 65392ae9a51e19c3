//! The catalogue of faults as data: which status code and which text each has.

use std::collections::HashMap;

use serde::Deserialize;
use tonic::Status;

use super::Mismatch;
use super::expectation::code_name;

/// One fault, as it stands in `proto/vectors/faults.json`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    fault: String,
    code: String,
    template: String,
}

/// The catalogue of faults.
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: HashMap<String, Entry>,
}

/// A piece of a text: known, or anything but nothing.
enum Piece<'a> {
    Known(&'a str),
    Anything,
}

impl Catalogue {
    pub(super) fn new(faults: Vec<Entry>) -> Catalogue {
        Catalogue { entries: faults.into_iter().map(|entry| (entry.fault.clone(), entry)).collect() }
    }

    /// Whether a status is this fault; a placeholder without a value may stand for anything.
    ///
    /// # Errors
    /// Where there is no such fault.
    pub fn matches(
        &self,
        fault: &str,
        values: &HashMap<String, String>,
        status: &Status,
    ) -> Result<bool, Mismatch> {
        let entry =
            self.entries.get(fault).ok_or_else(|| Mismatch(format!("no fault {fault} in the catalogue")))?;
        let mut pieces = Vec::new();
        let mut rest = &*entry.template;
        while let Some((known, (placeholder, after))) =
            rest.split_once('{').and_then(|(known, after)| Some((known, after.split_once('}')?)))
        {
            pieces.push(Piece::Known(known));
            pieces.push(values.get(placeholder).map_or(Piece::Anything, |value| Piece::Known(value)));
            rest = after;
        }
        pieces.push(Piece::Known(rest));
        Ok(code_name(status.code()) == entry.code && matches(&pieces, status.message()))
    }
}

fn matches(pieces: &[Piece<'_>], text: &str) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Known(known), rest @ ..] => text.strip_prefix(known).is_some_and(|text| matches(rest, text)),
        [Piece::Anything, rest @ ..] => {
            let mut ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
            ends.any(|end| matches(rest, &text[end..]))
        }
    }
}
