//! File descriptors: what the transports of this host share.

mod credentials;
mod errno;
mod fd_link;
mod fifo;
mod half;
mod private_fd;
mod sigpipe;
mod sockets;
mod source;
mod spin;
mod wake;

pub use credentials::{Credentials, peer_credentials};
pub use errno::{errno_text, system_fault};
pub use fd_link::FdLink;
pub use fifo::make_fifo;
pub use private_fd::{PrivateFd, close_after_fork};
pub use sigpipe::ignore as ignore_sigpipe;
pub use sockets::{accept, quiet, socket_pair, stream_socket};
pub use spin::Spin;
pub use wake::Wake;
