//! The system's errors, for people.

use std::fmt::Display;

use rustix::io::Errno;
use samehost_transport_api::{Fault, LinkError};

/// The errors that people meet, with their names and texts. The texts are kept here, as those of the
/// C library change with the user's language, and a fault reads the same everywhere.
const KNOWN: &[(Errno, &str, &str)] = &[
    (Errno::PERM, "EPERM", "Operation not permitted"),
    (Errno::NOENT, "ENOENT", "No such file or directory"),
    (Errno::SRCH, "ESRCH", "No such process"),
    (Errno::INTR, "EINTR", "Interrupted system call"),
    (Errno::IO, "EIO", "Input/output error"),
    (Errno::NXIO, "ENXIO", "No such device or address"),
    (Errno::TOOBIG, "E2BIG", "Argument list too long"),
    (Errno::NOEXEC, "ENOEXEC", "Exec format error"),
    (Errno::BADF, "EBADF", "Bad file descriptor"),
    (Errno::CHILD, "ECHILD", "No child processes"),
    (Errno::AGAIN, "EAGAIN", "Resource temporarily unavailable"),
    (Errno::NOMEM, "ENOMEM", "Cannot allocate memory"),
    (Errno::ACCESS, "EACCES", "Permission denied"),
    (Errno::FAULT, "EFAULT", "Bad address"),
    (Errno::BUSY, "EBUSY", "Device or resource busy"),
    (Errno::EXIST, "EEXIST", "File exists"),
    (Errno::XDEV, "EXDEV", "Invalid cross-device link"),
    (Errno::NODEV, "ENODEV", "No such device"),
    (Errno::NOTDIR, "ENOTDIR", "Not a directory"),
    (Errno::ISDIR, "EISDIR", "Is a directory"),
    (Errno::INVAL, "EINVAL", "Invalid argument"),
    (Errno::NFILE, "ENFILE", "Too many open files in system"),
    (Errno::MFILE, "EMFILE", "Too many open files"),
    (Errno::TXTBSY, "ETXTBSY", "Text file busy"),
    (Errno::FBIG, "EFBIG", "File too large"),
    (Errno::NOSPC, "ENOSPC", "No space left on device"),
    (Errno::ROFS, "EROFS", "Read-only file system"),
    (Errno::PIPE, "EPIPE", "Broken pipe"),
    (Errno::NAMETOOLONG, "ENAMETOOLONG", "File name too long"),
    (Errno::NOSYS, "ENOSYS", "Function not implemented"),
    (Errno::LOOP, "ELOOP", "Too many levels of symbolic links"),
    (Errno::PROTOTYPE, "EPROTOTYPE", "Protocol wrong type for socket"),
    (Errno::NOTSOCK, "ENOTSOCK", "Socket operation on non-socket"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP", "Operation not supported"),
    (Errno::AFNOSUPPORT, "EAFNOSUPPORT", "Address family not supported by protocol"),
    (Errno::ADDRINUSE, "EADDRINUSE", "Address already in use"),
    (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL", "Cannot assign requested address"),
    (Errno::NETDOWN, "ENETDOWN", "Network is down"),
    (Errno::NETUNREACH, "ENETUNREACH", "Network is unreachable"),
    (Errno::CONNABORTED, "ECONNABORTED", "Software caused connection abort"),
    (Errno::CONNRESET, "ECONNRESET", "Connection reset by peer"),
    (Errno::NOBUFS, "ENOBUFS", "No buffer space available"),
    (Errno::NOTCONN, "ENOTCONN", "Transport endpoint is not connected"),
    (Errno::TIMEDOUT, "ETIMEDOUT", "Connection timed out"),
    (Errno::CONNREFUSED, "ECONNREFUSED", "Connection refused"),
    (Errno::HOSTUNREACH, "EHOSTUNREACH", "No route to host"),
    (Errno::INPROGRESS, "EINPROGRESS", "Operation now in progress"),
    (Errno::DQUOT, "EDQUOT", "Disk quota exceeded"),
];

/// What an error of the system means, and its name: `No such file or directory (ENOENT)`. Every
/// language gives the same text.
pub fn errno_text(errno: Errno) -> String {
    match KNOWN.iter().find(|known| known.0 == errno) {
        Some((_, name, text)) => format!("{text} ({name})"),
        None => {
            let system = std::io::Error::from(errno).to_string();
            let text = system.split(" (os error").next().unwrap_or_default();
            format!("{text} (errno {})", errno.raw_os_error())
        }
    }
}

/// The fault of whoever made a call of the system at an address: `usual`, of an address, an operation and an error. But where
/// this process has no descriptors left, that is what a person must know, whoever made the call.
pub fn system_fault(usual: Fault, address: &dyn Display, operation: &str, errno: Errno) -> LinkError {
    let fault = if errno == Errno::MFILE { Fault::NoDescriptors } else { usual };
    fault.with(&[address, &operation, &errno_text(errno)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_a_text_and_the_name() {
        assert_eq!(errno_text(Errno::NOENT), "No such file or directory (ENOENT)");
        assert_eq!(errno_text(Errno::CONNREFUSED), "Connection refused (ECONNREFUSED)");
        assert_eq!(errno_text(Errno::PIPE), "Broken pipe (EPIPE)");
    }

    #[test]
    fn says_what_the_c_library_says_in_english() {
        for (errno, _, text) in KNOWN {
            let system = std::io::Error::from(*errno).to_string();
            if cfg!(all(target_os = "linux", target_env = "gnu")) {
                assert!(system.starts_with(text), "{system}");
            }
        }
    }

    #[test]
    fn that_no_descriptors_are_left_is_told_instead_of_what_failed_for_want_of_them() {
        let fault = |errno| system_fault(Fault::LinkFailed, &"unix:/s", "accept", errno).fault();
        assert_eq!(fault(Errno::MFILE), Fault::NoDescriptors);
        assert_eq!(fault(Errno::NOBUFS), Fault::LinkFailed);
    }

    #[test]
    fn says_the_number_of_an_error_without_a_name() {
        let text = errno_text(Errno::from_raw_os_error(4000));
        assert!(text.ends_with("4000 (errno 4000)"), "{text}");
    }
}
