package dev.samehost.transport.unix;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The functions of the C library for Unix sockets and their files, by JNA's direct mapping. */
final class Sockets {
  static final boolean LINUX = Platform.isLinux();

  static final int AF_UNIX = 1;
  static final int SOCK_STREAM = 1;

  /** Flags of {@code socket}, which only Linux has. */
  static final int SOCK_CLOEXEC = 0x80000;

  static final int SOCK_NONBLOCK = 0x800;

  static final int SOL_SOCKET = LINUX ? 1 : 0xFFFF;
  static final int SO_SNDTIMEO = LINUX ? 21 : 0x1005;
  static final int SO_PEERCRED = 17;

  static final int LOCK_EX_NB = 2 | 4;

  static {
    Native.register(Sockets.class, NativeLibrary.getProcess());
  }

  private Sockets() {}

  static native int socket(int domain, int type, int protocol);

  static native int connect(int fd, long address, int length);

  static native int setsockopt(int fd, int level, int name, long value, int length);

  static native int getsockopt(int fd, int level, int name, long value, long length);

  static native int flock(int fd, int operation);

  static native int chmod(long path, int mode);

  static native int rename(long from, long to);

  static native int unlink(long path);

  static native int geteuid();

  /** {@code bytes} bytes of zeros outside the heap, in the order of this machine. */
  static ByteBuffer memory(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  /** Where a direct buffer begins. The caller keeps the buffer reachable while this is used. */
  static long address(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  /** A text as C wants it: in UTF-8, with a zero behind it. */
  static ByteBuffer text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return memory(bytes.length + 1).put(bytes).clear();
  }
}
