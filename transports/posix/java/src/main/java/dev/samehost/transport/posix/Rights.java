package dev.samehost.transport.posix;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends and receives descriptors over a Unix socket, a few at a time (SCM_RIGHTS). It never waits.
 */
public final class Rights {
  /** So many descriptors travel at once, at most. */
  private static final int MOST = 4;

  // struct msghdr, struct iovec and struct cmsghdr, in one piece of memory.
  private static final int IOV_AT = 56;
  private static final int CONTROL_AT = 72;
  private static final int CMSG_DATA = Os.LINUX ? 16 : 12;
  private static final int CONTROL_BYTES = CMSG_DATA + 4 * MOST;

  private Rights() {}

  /**
   * Sends all of {@code bytes}, a direct buffer, with {@code descriptors}; the bytes are not
   * consumed. They are few, and the socket's buffer is empty.
   */
  public static void send(int socket, ByteBuffer bytes, int... descriptors)
      throws SystemCallException {
    ByteBuffer memory = message(bytes, descriptors.length);
    if (descriptors.length > 0) {
      int length = CMSG_DATA + 4 * descriptors.length;
      if (Os.LINUX) {
        memory.putLong(CONTROL_AT, length);
      } else {
        memory.putInt(CONTROL_AT, length);
      }
      memory.putInt(CONTROL_AT + CMSG_DATA - 8, Os.SOL_SOCKET);
      memory.putInt(CONTROL_AT + CMSG_DATA - 4, Os.SCM_RIGHTS);
      for (int i = 0; i < descriptors.length; i++) {
        memory.putInt(CONTROL_AT + CMSG_DATA + 4 * i, descriptors[i]);
      }
    }
    try {
      long sent;
      do {
        sent =
            Libc.sendmsg(socket, NativeMemory.address(memory), Os.MSG_DONTWAIT | Os.MSG_NOSIGNAL);
      } while (sent < 0 && Errno.EINTR.is(Errno.last()));
      if (sent != bytes.remaining()) {
        throw new SystemCallException("sendmsg", sent < 0 ? Errno.last() : Errno.EAGAIN.number());
      }
    } finally {
      Reference.reachabilityFence(memory);
      Reference.reachabilityFence(bytes);
    }
  }

  /**
   * Reads what is there into {@code destination}, a direct buffer, and the descriptors that come
   * with it into {@code descriptors}.
   *
   * @return the number of bytes; -1 at the end, 0 when there are none yet
   */
  public static int receive(int socket, ByteBuffer destination, List<Fd> descriptors)
      throws SystemCallException {
    ByteBuffer memory = message(destination, MOST);
    try {
      long count =
          Libc.recvmsg(socket, NativeMemory.address(memory), Os.MSG_DONTWAIT | Os.MSG_CMSG_CLOEXEC);
      if (count < 0) {
        int errno = Errno.last();
        if (Errno.EAGAIN.is(errno) || Errno.EINTR.is(errno)) {
          return 0;
        }
        if (Errno.ECONNRESET.is(errno)) {
          return -1;
        }
        throw new SystemCallException("recvmsg", errno);
      }
      List<Fd> received = received(memory);
      if ((memory.getInt(Os.LINUX ? 48 : 44) & Os.MSG_CTRUNC) != 0) {
        // There were more than can be meant, or no room for them in this process.
        received.forEach(Fd::close);
      } else {
        descriptors.addAll(received);
      }
      destination.position(destination.position() + (int) count);
      return count == 0 ? -1 : (int) count;
    } finally {
      Reference.reachabilityFence(memory);
      Reference.reachabilityFence(destination);
    }
  }

  private static List<Fd> received(ByteBuffer memory) throws SystemCallException {
    List<Fd> descriptors = new ArrayList<>();
    long controlLength = Os.LINUX ? memory.getLong(40) : memory.getInt(40);
    long length = Os.LINUX ? memory.getLong(CONTROL_AT) : memory.getInt(CONTROL_AT);
    if (controlLength < CMSG_DATA
        || memory.getInt(CONTROL_AT + CMSG_DATA - 8) != Os.SOL_SOCKET
        || memory.getInt(CONTROL_AT + CMSG_DATA - 4) != Os.SCM_RIGHTS) {
      return descriptors;
    }
    for (int at = CMSG_DATA; at + 4 <= Math.min(length, CONTROL_BYTES); at += 4) {
      Fd descriptor = Fd.own(memory.getInt(CONTROL_AT + at));
      descriptors.add(descriptor);
      if (!Os.LINUX) {
        descriptor.setCloseOnExec();
      }
    }
    return descriptors;
  }

  /** A message of these bytes, with room for so many descriptors. */
  private static ByteBuffer message(ByteBuffer bytes, int descriptors) {
    ByteBuffer memory = NativeMemory.zeros(CONTROL_AT + CONTROL_BYTES);
    long at = NativeMemory.address(memory);
    memory.putLong(16, at + IOV_AT).putInt(24, 1);
    memory.putLong(IOV_AT, NativeMemory.address(bytes) + bytes.position());
    memory.putLong(IOV_AT + 8, bytes.remaining());
    if (descriptors > 0) {
      memory.putLong(32, at + CONTROL_AT);
      memory.putInt(40, CMSG_DATA + 4 * descriptors);
    }
    return memory;
  }
}
