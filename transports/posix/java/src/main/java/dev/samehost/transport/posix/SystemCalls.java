package dev.samehost.transport.posix;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * Further functions of the C library, for sockets and files, by JNA's direct mapping: for the
 * transports above. Pointers are numbers, as they are in {@link Libc}.
 */
public final class SystemCalls {
  /** Whether this is Linux; otherwise it is macOS. */
  public static final boolean LINUX = Os.LINUX;

  /** The family of Unix sockets. */
  public static final int AF_UNIX = 1;

  public static final int SOCK_STREAM = 1;

  /** The family of TCP over IPv4. */
  public static final int AF_INET = 2;

  /** The family of TCP over IPv6. */
  public static final int AF_INET6 = LINUX ? 10 : 30;

  /** Flags of {@code socket}, which only Linux has. */
  public static final int SOCK_CLOEXEC = 0x80000;

  public static final int SOCK_NONBLOCK = 0x800;

  public static final int SOL_SOCKET = LINUX ? 1 : 0xFFFF;
  public static final int SO_SNDTIMEO = LINUX ? 21 : 0x1005;
  public static final int SO_PEERCRED = 17;

  public static final int LOCK_EX_NB = 2 | 4;

  static {
    Native.register(SystemCalls.class, NativeLibrary.getProcess());
  }

  private SystemCalls() {}

  public static native int socket(int domain, int type, int protocol);

  public static native int connect(int fd, long address, int length);

  public static native int setsockopt(int fd, int level, int name, long value, int length);

  public static native int getsockopt(int fd, int level, int name, long value, long length);

  public static native int getsockname(int fd, long address, long length);

  public static native int getpeername(int fd, long address, long length);

  public static native int flock(int fd, int operation);

  public static native int mkfifo(long path, int mode);

  public static native int fchmod(int fd, int mode);

  public static native int chmod(long path, int mode);

  public static native int rename(long from, long to);

  public static native int unlink(long path);

  public static native int geteuid();
}
