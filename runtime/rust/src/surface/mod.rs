//! What an application sees: channels, servers, the one coded error.

pub(crate) mod metadata;
#[cfg(feature = "tonic")]
mod options;
mod status;
#[cfg(feature = "tonic")]
pub(crate) mod tonic;

pub use metadata::Metadata;
#[cfg(feature = "tonic")]
pub(crate) use options::{Limits, default_registry};
pub use status::Status;
