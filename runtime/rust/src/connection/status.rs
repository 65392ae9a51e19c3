//! The outcome of a call.

use samehost_transport_api::{Code, LinkError};

use crate::wire::MetadataBlock;

/// The outcome of a call. Most are OK and nothing else, so what may come with a code is in a box: a status is moved
/// many times before anybody looks at it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: Code,
    /// `None` where both are empty.
    more: Option<Box<More>>,
}

#[derive(Clone, PartialEq, Eq)]
struct More {
    text: String,
    trailers: MetadataBlock,
}

impl Status {
    /// All went well.
    pub(crate) const OK: Status = Status { code: Code::Ok, more: None };

    /// A status without trailers.
    pub(crate) fn of(code: Code, text: String) -> Status {
        Status::new(code, text, MetadataBlock::new())
    }

    #[inline]
    pub(crate) fn new(code: Code, text: String, trailers: MetadataBlock) -> Status {
        let empty = text.is_empty() && trailers.is_empty();
        Status { code, more: (!empty).then(|| Box::new(More { text, trailers })) }
    }

    /// What went wrong, empty for nothing. A sender cuts it to 4,096 bytes, at a character.
    pub(crate) fn text(&self) -> &str {
        self.more.as_ref().map_or("", |more| &more.text)
    }

    pub(crate) fn trailers(&self) -> &MetadataBlock {
        const NONE: &MetadataBlock = &MetadataBlock::new();
        self.more.as_ref().map_or(NONE, |more| &more.trailers)
    }

    pub(crate) fn into_text(self) -> String {
        self.more.map_or_else(String::new, |more| more.text)
    }

    pub(crate) fn into_trailers(self) -> MetadataBlock {
        self.more.map_or_else(MetadataBlock::new, |more| more.trailers)
    }

    /// This status with these trailers.
    pub(crate) fn with_trailers(self, trailers: MetadataBlock) -> Status {
        Status::new(self.code, self.into_text(), trailers)
    }
}

impl From<&LinkError> for Status {
    fn from(error: &LinkError) -> Status {
        Status::of(error.code(), error.to_string())
    }
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut status = f.debug_struct("Status");
        status.field("code", &self.code).field("text", &self.text());
        status.field("trailers", self.trailers()).finish()
    }
}
