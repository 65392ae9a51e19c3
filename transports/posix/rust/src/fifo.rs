//! Named pipes.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::{Errno, Result};

/// Makes a FIFO, where nothing is yet (`EEXIST`). The process's mask takes bits of its mode away.
pub fn make_fifo(path: &Path, mode: u32) -> Result<()> {
    // Not by rustix, which has it on some systems alone.
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the path ends with a NUL, and is only read.
    match unsafe { libc::mkfifo(path.as_ptr(), mode as libc::mode_t) } {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)),
    }
}
