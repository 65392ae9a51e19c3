//! The system's errors, for people.

use rustix::io::Errno;

macro_rules! names {
    ($errno:expr; $($constant:ident = $name:literal,)*) => {
        $(if $errno == Errno::$constant { return Some($name); })*
    };
}

/// What the system says of an error, and its name: `No such file or directory (ENOENT)`. Every
/// language gives the same text.
pub fn errno_text(errno: Errno) -> String {
    let system = std::io::Error::from(errno).to_string();
    let text = system.split(" (os error").next().unwrap_or_default();
    match name(errno) {
        Some(name) => format!("{text} ({name})"),
        None => format!("{text} (errno {})", errno.raw_os_error()),
    }
}

fn name(errno: Errno) -> Option<&'static str> {
    names! { errno;
        ACCESS = "EACCES",
        ADDRINUSE = "EADDRINUSE",
        ADDRNOTAVAIL = "EADDRNOTAVAIL",
        AFNOSUPPORT = "EAFNOSUPPORT",
        AGAIN = "EAGAIN",
        ALREADY = "EALREADY",
        BADF = "EBADF",
        BUSY = "EBUSY",
        CHILD = "ECHILD",
        CONNABORTED = "ECONNABORTED",
        CONNREFUSED = "ECONNREFUSED",
        CONNRESET = "ECONNRESET",
        DEADLK = "EDEADLK",
        EXIST = "EEXIST",
        FAULT = "EFAULT",
        FBIG = "EFBIG",
        INPROGRESS = "EINPROGRESS",
        INTR = "EINTR",
        INVAL = "EINVAL",
        IO = "EIO",
        ISCONN = "EISCONN",
        ISDIR = "EISDIR",
        LOOP = "ELOOP",
        MFILE = "EMFILE",
        MSGSIZE = "EMSGSIZE",
        NAMETOOLONG = "ENAMETOOLONG",
        NFILE = "ENFILE",
        NOBUFS = "ENOBUFS",
        NODEV = "ENODEV",
        NOENT = "ENOENT",
        NOEXEC = "ENOEXEC",
        NOLCK = "ENOLCK",
        NOMEM = "ENOMEM",
        NOSPC = "ENOSPC",
        NOSYS = "ENOSYS",
        NOTCONN = "ENOTCONN",
        NOTDIR = "ENOTDIR",
        NOTSOCK = "ENOTSOCK",
        NXIO = "ENXIO",
        OPNOTSUPP = "EOPNOTSUPP",
        PERM = "EPERM",
        PIPE = "EPIPE",
        PROTO = "EPROTO",
        PROTOTYPE = "EPROTOTYPE",
        ROFS = "EROFS",
        SRCH = "ESRCH",
        TIMEDOUT = "ETIMEDOUT",
        TOOBIG = "E2BIG",
        TXTBSY = "ETXTBSY",
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_systems_text_and_the_name() {
        assert_eq!(errno_text(Errno::NOENT), "No such file or directory (ENOENT)");
        assert_eq!(errno_text(Errno::CONNREFUSED), "Connection refused (ECONNREFUSED)");
        assert_eq!(errno_text(Errno::PIPE), "Broken pipe (EPIPE)");
    }

    #[test]
    fn says_the_number_of_an_error_without_a_name() {
        let text = errno_text(Errno::from_raw_os_error(4000));
        assert!(text.ends_with("(errno 4000)"), "{text}");
    }
}
