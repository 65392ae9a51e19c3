//! Event loops of the application's.

pub use crate::call::hub::{Hub, HubLink, HubTask};
