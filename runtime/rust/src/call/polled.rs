//! The descriptors of a link in the poll of tokio.

use std::os::fd::{AsRawFd, BorrowedFd};

use samehost_transport_api::{Descriptors, Link};
use samehost_transport_posix::PrivateFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A link's descriptors in the runtime's poll: copies, which are this task's own and live as long as
/// their registration. A descriptor for both directions is registered once.
pub(crate) struct Polled {
    input: AsyncFd<PrivateFd>,
    output: Option<AsyncFd<PrivateFd>>,
}

impl Polled {
    pub(crate) fn over(link: &dyn Link) -> std::io::Result<Polled> {
        let Descriptors { read, write } = link.descriptors();
        if read.as_raw_fd() == write.as_raw_fd() {
            let input = register(read, Interest::READABLE | Interest::WRITABLE)?;
            return Ok(Polled { input, output: None });
        }
        let (input, output) = (register(read, Interest::READABLE)?, register(write, Interest::WRITABLE)?);
        Ok(Polled { input, output: Some(output) })
    }

    /// Readable when the link can be read.
    pub(crate) fn read(&self) -> &AsyncFd<PrivateFd> {
        &self.input
    }

    /// Writable when the link can be written.
    pub(crate) fn write(&self) -> &AsyncFd<PrivateFd> {
        self.output.as_ref().unwrap_or(&self.input)
    }
}

fn register(fd: BorrowedFd<'_>, interest: Interest) -> std::io::Result<AsyncFd<PrivateFd>> {
    let own = PrivateFd::from(fd.try_clone_to_owned()?);
    // SAFETY: A `PrivateFd` is open, and is the same descriptor, for as long as it lives; it is moved
    // into the registration, which ends before it is closed.
    unsafe { AsyncFd::register_with_interest(own, interest) }.map_err(Into::into)
}
