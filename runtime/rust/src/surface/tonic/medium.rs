//! What carries a call, as requests and responses tell it. It says so to people, and decides nothing.

use std::fmt;
use std::sync::Arc;

/// What carries the bytes of a call to a `shm:` address, for people: shared memory, or the socket and
/// why. It is in the extensions of a server's requests and of a client's responses; absent where the
/// address leaves nothing open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium(Arc<str>);

impl Medium {
    pub(super) fn of(text: &Arc<str>) -> Option<Medium> {
        (!text.is_empty()).then(|| Medium(text.clone()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
