package dev.samehost.transport.shm;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.SystemCallException;
import java.util.Map;

/** The functions of the C library for shared memory and its sockets, by JNA's direct mapping. */
final class Natives {
  static final boolean LINUX = Platform.isLinux();

  static final int PROT_READ_WRITE = 1 | 2;
  static final int MAP_SHARED = 1;
  static final int SEEK_END = 2;

  static final int AF_UNIX = 1;
  static final int SOCK_STREAM = 1;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int SOL_SOCKET = LINUX ? 1 : 0xFFFF;
  static final int SO_SNDBUF = LINUX ? 7 : 0x1001;
  static final int MSG_DONTWAIT = LINUX ? 0x40 : 0x80;
  static final int MSG_NOSIGNAL = LINUX ? 0x4000 : 0;

  /** What direct mapping cannot call: on some systems variadic arguments travel differently. */
  interface Variadic extends Library {
    int fcntl(int fd, int command, Object... arguments);
  }

  static final Variadic VARIADIC =
      Native.load(Variadic.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));

  static {
    Native.register(Natives.class, NativeLibrary.getProcess());
  }

  private Natives() {}

  static native long send(int fd, long bytes, long count, int flags);

  static native long recv(int fd, long bytes, long count, int flags);

  static native int socketpair(int domain, int type, int protocol, long descriptors);

  static native int setsockopt(int fd, int level, int name, long value, int length);

  static native int ftruncate(int fd, long size);

  static native long lseek(int fd, long offset, int whence);

  static native long mmap(long address, long size, int access, int flags, int fd, long offset);

  static native int munmap(long address, long size);

  /** Functions and numbers that only Linux has: a missing symbol would fail all registrations. */
  static final class Linux {
    static final int MFD_CLOEXEC_ALLOW_SEALING = 1 | 2;
    static final int F_ADD_SEALS = 1033;
    static final int F_GET_SEALS = 1034;

    /** F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW. */
    static final int SEALS = 1 | 2 | 4;

    static final int MADV_DONTFORK = 10;

    static {
      Native.register(Linux.class, NativeLibrary.getProcess());
    }

    private Linux() {}

    static native int memfd_create(long name, int flags);

    static native int madvise(long address, long size, int advice);
  }

  /** Functions of macOS, which has no memfd. Not tried. */
  static final class Darwin {
    static final int O_RDWR_CREAT_EXCL = 2 | 0x200 | 0x800;

    /** {@code shm_open} is variadic there. */
    interface Names extends Library {
      int shm_open(String name, int flags, Object... mode);

      int shm_unlink(String name);
    }

    static final Names NAMES = Native.load(Names.class);

    private Darwin() {}
  }

  static int check(String operation, int result) throws SystemCallException {
    if (result < 0) {
      throw new SystemCallException(operation, Errno.last());
    }
    return result;
  }
}
