//! What the cache holds, in a file between two lives of the sidecar.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::proto::Entry;
use crate::store::Store;

const MOST_BYTES: usize = 256 << 20;

/// What was saved last, or nothing.
pub fn load(file: &Path) -> Result<Store> {
    // Versions grow though the sidecar was killed, and has saved nothing: none is given within a microsecond of another.
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut store = Store::new(since_1970.as_micros() as u64, MOST_BYTES);
    let saved = match fs::read(file) {
        Ok(saved) => saved,
        Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(store),
        Err(failure) => return Err(failure),
    };
    let mut rest = &*saved;
    while !rest.is_empty() {
        store.restore(Entry::decode_length_delimited(&mut rest).map_err(Error::other)?);
    }
    Ok(store)
}

/// Replaces what was saved before, or changes nothing.
pub fn save(file: &Path, entries: &[Entry]) -> Result<()> {
    let mut bytes = Vec::new();
    for entry in entries {
        entry.encode_length_delimited(&mut bytes).map_err(Error::other)?;
    }
    let unfinished = file.with_extension("new");
    fs::write(&unfinished, bytes)?;
    fs::rename(unfinished, file)
}
