package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.SystemCalls;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The name of a Unix socket, checked against what the system takes: a path, or a name in Linux's
 * abstract name space. It touches no file.
 *
 * @param address the address as it was written, for people
 * @param text the path or the abstract name
 * @param isAbstract whether it is the latter
 */
record SocketName(Address address, String text, boolean isAbstract) {
  /** How long the member sun_path of struct sockaddr_un is; a path is followed by a zero. */
  private static final int SUN_PATH_BYTES = SystemCalls.LINUX ? 108 : 104;

  private static final int SUN_PATH_AT = 2;

  static final int LIMIT = SUN_PATH_BYTES - 1;

  static SocketName ofPath(Address address) throws LinkException {
    return checked(address, false, "path");
  }

  static SocketName ofAbstract(Address address) throws LinkException {
    if (!SystemCalls.LINUX) {
      throw Fault.ADDRESS_MALFORMED.with(address, "only Linux has abstract sockets");
    }
    return checked(address, true, "name");
  }

  private static SocketName checked(Address address, boolean isAbstract, String what)
      throws LinkException {
    String text = address.rest();
    if (text.isEmpty()) {
      throw Fault.ADDRESS_MALFORMED.with(address, "it has no " + what);
    }
    if (text.indexOf('\0') >= 0) {
      throw Fault.ADDRESS_MALFORMED.with(address, "it has a NUL");
    }
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > LIMIT) {
      throw Fault.PATH_TOO_LONG.with(address, bytes, LIMIT);
    }
    return new SocketName(address, text, isAbstract);
  }

  /** Whether {@code path} is short enough for the system. */
  static boolean fits(String path) {
    return path.getBytes(StandardCharsets.UTF_8).length <= LIMIT;
  }

  /** The struct sockaddr_un of this name; its capacity is its length. */
  ByteBuffer toSockaddr() {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    // An abstract name begins with a zero and has no end but the length.
    int length = SUN_PATH_AT + bytes.length + 1;
    ByteBuffer sockaddr = NativeMemory.zeros(length);
    if (SystemCalls.LINUX) {
      sockaddr.putShort(0, (short) SystemCalls.AF_UNIX);
    } else {
      sockaddr.put(0, (byte) length).put(1, (byte) SystemCalls.AF_UNIX);
    }
    return sockaddr.put(isAbstract ? SUN_PATH_AT + 1 : SUN_PATH_AT, bytes);
  }
}
