//! The file of an address: is it there, of what type, whose, and who holds its lock.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, FileType, Stat, accessat, lstat};
use rustix::io::Errno;
use samehost::transport::Address;

use super::report::Report;
use super::{locks, process};

/// The longest path of a socket.
const LONGEST: usize = 107;

/// What the file of an address is to be.
struct Kind {
    name: &'static str,
    file_type: FileType,
    /// What is added to the path for the file whose lock a server holds.
    lock: &'static str,
}

const SOCKET: Kind = Kind { name: "socket", file_type: FileType::Socket, lock: ".lock" };
const FIFO: Kind = Kind { name: "FIFO", file_type: FileType::Fifo, lock: "" };

/// Looks at the file, where the address has one; answers whether it is worth while to connect.
pub fn look(report: &mut Report, address: &str) -> bool {
    let Ok(parsed) = address.parse::<Address>() else { return true };
    let kind = match parsed.scheme() {
        "unix" | "shm" => SOCKET,
        "fifo" => FIFO,
        // What there is to say of it is said by connecting.
        _ => return true,
    };
    let path = Path::new(parsed.rest());
    if kind.file_type == FileType::Socket && parsed.rest().len() > LONGEST {
        let bytes = parsed.rest().len();
        report.wrong(format!(
            "the path has {bytes} bytes, and a socket's has at most {LONGEST}. Choose a shorter one."
        ));
        return false;
    }
    let holder = lock_holder(path, &kind);
    match lstat(path) {
        Ok(found) => there(report, path, &kind, &found, holder),
        Err(errno) => {
            not_there(report, path, &kind, errno, holder);
            false
        }
    }
}

fn there(report: &mut Report, path: &Path, kind: &Kind, found: &Stat, holder: Option<u32>) -> bool {
    let (shown, found_type) = (path.display(), FileType::from_raw_mode(found.st_mode as _));
    if found_type != kind.file_type {
        let is = type_name(found_type);
        report.wrong(format!("{shown} is {is}, no {}. Is it the right address?", kind.name));
        return false;
    }
    let (mode, owner) = (found.st_mode & 0o777, found.st_uid);
    report.ok(format!("{shown} is a {} of user {owner}, mode {mode:04o}", kind.name));
    let who = rustix::process::geteuid().as_raw();
    if who != owner && mode & 0o006 == 0 {
        report.warning(format!(
            "it is of user {owner}, and this is user {who}: a server takes its own user's calls alone, unless it is told \
             otherwise"
        ));
    }
    if let Err(errno) = accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS) {
        report.wrong(format!("user {who} may not connect to it ({errno}). Run this as user {owner}, or have the server allow others."));
        return false;
    }
    match holder {
        Some(pid) => report.ok(format!("its lock is held by {}", process::described(pid))),
        None => report
            .warning("nobody in sight holds its lock: its server has died, runs in another pid namespace, or is none of samehost"),
    }
    true
}

fn not_there(report: &mut Report, path: &Path, kind: &Kind, errno: Errno, holder: Option<u32>) {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (errno, folder.metadata().map_err(|error| error.kind())) {
        (Errno::ACCESS, _) | (_, Err(ErrorKind::PermissionDenied)) => report.wrong(format!(
            "{shown} cannot be looked at (permission denied): a folder above it is closed to user {}",
            rustix::process::geteuid().as_raw()
        )),
        (Errno::NOENT, Err(ErrorKind::NotFound)) => {
            report.wrong(format!("there is no folder {}. Is it the right address?", folder.display()));
        }
        (Errno::NOENT, _) => report.wrong(format!(
            "{shown} is not there. Is the server running? It creates this {} when it starts.",
            kind.name
        )),
        (errno, _) => report.wrong(format!("{shown} cannot be looked at: {errno}")),
    }
    if let Some(pid) = holder {
        report.wrong(format!(
            "the lock {}{} is held by {} all the same: no server can start here before that one has ended",
            path.display(),
            kind.lock,
            process::described(pid)
        ));
    }
}

fn lock_holder(path: &Path, kind: &Kind) -> Option<u32> {
    let mut lock = path.as_os_str().to_owned();
    lock.push(kind.lock);
    locks::holder(lstat(PathBuf::from(lock)).ok()?.st_ino)
}

fn type_name(file_type: FileType) -> &'static str {
    match file_type {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        _ => "a device",
    }
}
