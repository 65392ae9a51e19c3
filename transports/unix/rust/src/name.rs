//! Where a socket is.

use std::path::{Path, PathBuf};

use rustix::net::SocketAddrUnix;
use samehost_transport_api::{Address, Fault, LinkError};

/// The system's limit for a path, and for an abstract name, in bytes.
pub(crate) const LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The name of a socket: a path in the file system, or, on Linux, one without a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Path(PathBuf),
    Abstract(String),
}

impl Name {
    /// The path that an address has.
    pub fn path_of(address: &Address) -> Result<Name, LinkError> {
        checked(address, "it has no path").map(|rest| Name::Path(PathBuf::from(rest)))
    }

    /// The abstract name that an address has.
    pub fn abstract_of(address: &Address) -> Result<Name, LinkError> {
        checked(address, "it has no name").map(|rest| Name::Abstract(rest.to_owned()))
    }

    /// The form that the system takes; its length was checked.
    pub fn to_system(&self) -> rustix::io::Result<SocketAddrUnix> {
        match self {
            Name::Path(path) => SocketAddrUnix::new(path),
            Name::Abstract(name) => abstract_to_system(name),
        }
    }
}

#[cfg(target_os = "linux")]
fn abstract_to_system(name: &str) -> rustix::io::Result<SocketAddrUnix> {
    SocketAddrUnix::new_abstract_name(name.as_bytes())
}

#[cfg(not(target_os = "linux"))]
fn abstract_to_system(_name: &str) -> rustix::io::Result<SocketAddrUnix> {
    Err(rustix::io::Errno::AFNOSUPPORT)
}

fn checked<'a>(address: &'a Address, empty: &str) -> Result<&'a str, LinkError> {
    let rest = address.rest();
    if rest.is_empty() {
        return Err(Fault::AddressMalformed.with(&[address, &empty]));
    }
    if rest.contains('\0') {
        return Err(Fault::AddressMalformed.with(&[address, &"it has a NUL"]));
    }
    if rest.len() > LIMIT {
        return Err(Fault::PathTooLong.with(&[address, &rest.len(), &LIMIT]));
    }
    Ok(rest)
}

/// The folder that a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
