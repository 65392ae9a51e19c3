package dev.samehost.transport.posix;

import com.sun.jna.Native;
import com.sun.jna.Pointer;

/**
 * Error numbers of the operating system, with their names and texts. The texts are kept here, for
 * those of the C library change with the user's language, and a fault reads the same everywhere.
 */
public enum Errno {
  EPERM(1, 1, "Operation not permitted"),
  ENOENT(2, 2, "No such file or directory"),
  ESRCH(3, 3, "No such process"),
  EINTR(4, 4, "Interrupted system call"),
  EIO(5, 5, "Input/output error"),
  ENXIO(6, 6, "No such device or address"),
  E2BIG(7, 7, "Argument list too long"),
  ENOEXEC(8, 8, "Exec format error"),
  EBADF(9, 9, "Bad file descriptor"),
  ECHILD(10, 10, "No child processes"),
  EAGAIN(11, 35, "Resource temporarily unavailable"),
  ENOMEM(12, 12, "Cannot allocate memory"),
  EACCES(13, 13, "Permission denied"),
  EFAULT(14, 14, "Bad address"),
  EBUSY(16, 16, "Device or resource busy"),
  EEXIST(17, 17, "File exists"),
  EXDEV(18, 18, "Invalid cross-device link"),
  ENODEV(19, 19, "No such device"),
  ENOTDIR(20, 20, "Not a directory"),
  EISDIR(21, 21, "Is a directory"),
  EINVAL(22, 22, "Invalid argument"),
  ENFILE(23, 23, "Too many open files in system"),
  EMFILE(24, 24, "Too many open files"),
  ETXTBSY(26, 26, "Text file busy"),
  EFBIG(27, 27, "File too large"),
  ENOSPC(28, 28, "No space left on device"),
  EROFS(30, 30, "Read-only file system"),
  EPIPE(32, 32, "Broken pipe"),
  ENAMETOOLONG(36, 63, "File name too long"),
  ENOSYS(38, 78, "Function not implemented"),
  ELOOP(40, 62, "Too many levels of symbolic links"),
  EPROTOTYPE(91, 41, "Protocol wrong type for socket"),
  ENOTSOCK(88, 38, "Socket operation on non-socket"),
  EOPNOTSUPP(95, 102, "Operation not supported"),
  EAFNOSUPPORT(97, 47, "Address family not supported by protocol"),
  EADDRINUSE(98, 48, "Address already in use"),
  EADDRNOTAVAIL(99, 49, "Cannot assign requested address"),
  ENETDOWN(100, 50, "Network is down"),
  ENETUNREACH(101, 51, "Network is unreachable"),
  ECONNABORTED(103, 53, "Software caused connection abort"),
  ECONNRESET(104, 54, "Connection reset by peer"),
  ENOBUFS(105, 55, "No buffer space available"),
  ENOTCONN(107, 57, "Transport endpoint is not connected"),
  ETIMEDOUT(110, 60, "Connection timed out"),
  ECONNREFUSED(111, 61, "Connection refused"),
  EHOSTUNREACH(113, 65, "No route to host"),
  EINPROGRESS(115, 36, "Operation now in progress"),
  EDQUOT(122, 69, "Disk quota exceeded");

  private final int number;
  private final String text;

  Errno(int linux, int darwin, String text) {
    this.number = Os.LINUX ? linux : darwin;
    this.text = text;
  }

  /** The number on this system. */
  public int number() {
    return number;
  }

  /** Whether {@code errno} is this one. */
  public boolean is(int errno) {
    return errno == number;
  }

  /** Why this thread's last native call failed; means nothing when it did not fail. */
  public static int last() {
    return Native.getLastError();
  }

  /** A text for people, such as {@code No such file or directory (ENOENT)}. */
  public static String describe(int errno) {
    for (Errno known : values()) {
      if (known.number == errno) {
        return known.text + " (" + known + ")";
      }
    }
    return unknown(errno);
  }

  private static synchronized String unknown(int errno) {
    return new Pointer(Libc.strerror(errno)).getString(0) + " (errno " + errno + ")";
  }
}
