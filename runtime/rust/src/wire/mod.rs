//! Frames to bytes and back, as PROTOCOL.md fixes them. Pure: no I/O, no clock, no threads.

mod error;
mod hello;
mod metadata;

pub(crate) use error::{GoAwayCode, WireError};
pub(crate) use hello::{Hello, Limits};
pub(crate) use metadata::{InvalidKey, MetadataBlock};
