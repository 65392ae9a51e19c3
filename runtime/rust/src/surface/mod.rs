//! What an application sees: channels, servers, the one coded error.

#[cfg(feature = "blocking")]
pub mod blocking;
pub(crate) mod gzip;
pub(crate) mod metadata;
mod options;
#[cfg(any(feature = "blocking", feature = "tonic"))]
pub(crate) mod proto;
pub mod raw;
mod route;
mod state_watch;
mod status;
#[cfg(feature = "tonic")]
pub(crate) mod tonic;

pub use metadata::Metadata;
#[cfg(feature = "tonic")]
pub(crate) use options::json;
pub(crate) use options::{Limits, bridge, bridges, default_registry, with_credentials};
pub(crate) use route::Route;
pub use state_watch::StateWatch;
pub use status::Status;
