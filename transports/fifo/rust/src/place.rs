//! Where a rendezvous is.

use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Stat, lstat};
use rustix::io::Errno;
use samehost_transport_api::{Address, Fault, LinkError};

use crate::record::NAME_LIMIT;

/// The path of a rendezvous, as an address names it. It touches no file but by looking.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub address: Address,
    pub path: PathBuf,
    /// The last part of the path.
    pub name: String,
}

impl Place {
    /// The place that an address names.
    pub fn of(address: &Address) -> Result<Place, LinkError> {
        let malformed = |reason: String| Fault::AddressMalformed.with(&[address, &reason]);
        let rest = address.rest();
        let name = rest.rsplit('/').next().unwrap_or_default();
        if rest.is_empty() {
            return Err(malformed("it has no path".to_owned()));
        }
        if rest.contains('\0') {
            return Err(malformed("it has a NUL".to_owned()));
        }
        if matches!(name, "" | "." | "..") {
            return Err(malformed("its path has no file name".to_owned()));
        }
        if name.contains('\n') {
            return Err(malformed("its file name has a line break".to_owned()));
        }
        if name.len() > NAME_LIMIT {
            return Err(malformed(format!("its file name has more than {NAME_LIMIT} bytes")));
        }
        // The folder that this process is in may change; the rendezvous's does not.
        let path = std::path::absolute(rest).map_err(|error| malformed(error.to_string()))?;
        Ok(Place { address: address.clone(), path, name: name.to_owned() })
    }

    /// The folder that all names are in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }
}

/// Whether what was found is a FIFO that this process's user has made.
pub(crate) fn is_own_fifo(found: &Stat) -> bool {
    FileType::from_raw_mode(found.st_mode as _) == FileType::Fifo
        && found.st_uid == rustix::process::geteuid().as_raw()
}

/// Which file it is, whatever its name was or will be.
pub(crate) type Inode = (u64, u64);

pub(crate) fn inode_of(found: &Stat) -> Inode {
    #[allow(clippy::unnecessary_cast)] // their types differ from system to system
    (found.st_dev as u64, found.st_ino as u64)
}

/// What stands at a path; `None` when there is nothing.
pub(crate) fn found_at(path: &Path) -> rustix::io::Result<Option<Stat>> {
    match lstat(path) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
