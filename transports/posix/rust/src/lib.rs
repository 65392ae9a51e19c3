//! File descriptors: what the transports of this host share.

mod credentials;
mod errno;
mod fd_link;
mod half;
mod sigpipe;
mod spin;
mod wake;

pub use credentials::{Credentials, peer_credentials};
pub use errno::errno_text;
pub use fd_link::FdLink;
pub use spin::Spin;
pub use wake::Wake;
