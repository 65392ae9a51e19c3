package dev.samehost.transport.unix;

import dev.samehost.transport.Peer;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.NativeMemory;
import dev.samehost.transport.posix.Sockets;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.SystemCalls;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/** What can be done with a Unix socket, each in one call. It holds nothing. */
final class UnixSocket {
  private static final int UCRED_BYTES = 12;

  private UnixSocket() {}

  /** Lets a {@code connect} that waits for its place in the queue give up after a while. */
  static void limitConnect(Fd socket, long micros) throws SystemCallException {
    ByteBuffer timeval = NativeMemory.zeros(16);
    timeval.putLong(0, micros / 1_000_000).putLong(8, micros % 1_000_000);
    try {
      Sockets.check(
          "setsockopt",
          SystemCalls.setsockopt(
              socket.number(),
              SystemCalls.SOL_SOCKET,
              SystemCalls.SO_SNDTIMEO,
              NativeMemory.address(timeval),
              timeval.capacity()));
    } finally {
      Reference.reachabilityFence(timeval);
    }
  }

  /** The process at the other end, as it was when it connected or began to listen. */
  static Peer peer(Fd socket, String address) throws SystemCallException {
    if (!SystemCalls.LINUX) {
      return Peer.at(address);
    }
    // struct ucred {pid_t pid; uid_t uid; gid_t gid}, and its length.
    ByteBuffer ucred = NativeMemory.zeros(UCRED_BYTES + 4);
    ucred.putInt(UCRED_BYTES, UCRED_BYTES);
    long at = NativeMemory.address(ucred);
    Sockets.check(
        "getsockopt",
        SystemCalls.getsockopt(
            socket.number(),
            SystemCalls.SOL_SOCKET,
            SystemCalls.SO_PEERCRED,
            at,
            at + UCRED_BYTES));
    return peer(address, ucred.getInt(0), ucred.getInt(4), ucred.getInt(8));
  }

  /** A peer by its ids, which are unsigned; the pid is 0 where this process cannot see it. */
  static Peer peer(String address, int pid, int uid, int gid) {
    return new Peer(
        address,
        pid > 0 ? OptionalLong.of(pid) : OptionalLong.empty(),
        OptionalLong.of(Integer.toUnsignedLong(uid)),
        OptionalLong.of(Integer.toUnsignedLong(gid)));
  }
}
