package dev.samehost.transport.unix;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.Inode;
import dev.samehost.transport.posix.Sockets;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.posix.SystemCalls;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/** Connects to a Unix socket. It touches nothing but the sockets that it makes. */
public final class UnixConnector implements Connector {
  /**
   * A socket that waits in the queue of a busy listener can be woken by nothing but its turn and
   * its time limit. So the wait is cut into slices, to see a {@link #close} between two of them.
   */
  private static final long SLICE_MICROS = 50_000;

  private final SocketName name;
  private final long helloTimeoutNanos;
  private volatile boolean closed;

  UnixConnector(SocketName name, TransportOptions options) {
    this.name = name;
    this.helloTimeoutNanos = options.get(UnixOptions.HELLO_TIMEOUT).toNanos();
  }

  /**
   * A connector to the path that an address has behind its scheme, which may be another
   * transport's.
   */
  public static UnixConnector toPath(Address address, TransportOptions options)
      throws LinkException {
    return new UnixConnector(SocketName.ofPath(address), options);
  }

  /** A new connection, owned by the caller, and who is at its other end. */
  public record Dialed(Fd socket, Peer peer) {}

  @Override
  public Link connect(long timeoutNanos) throws LinkException {
    Dialed dialed = dial(timeoutNanos);
    try {
      return FdLink.overSocket(dialed.socket(), dialed.peer(), ByteBuffer.allocate(0));
    } catch (SystemCallException e) {
      dialed.socket().close();
      throw failure(e.operation(), e.errno());
    }
  }

  /** As {@link #connect}, for one who has something to say before there is a link. */
  public Dialed dial(long timeoutNanos) throws LinkException {
    Fd socket = null;
    try {
      socket = Sockets.create(SystemCalls.AF_UNIX, false);
      connect(socket, timeoutNanos);
      Dialed dialed = new Dialed(socket, UnixSocket.peer(socket, name.address().toString()));
      socket = null;
      return dialed;
    } catch (SystemCallException e) {
      throw failure(e.operation(), e.errno());
    } finally {
      if (socket != null) {
        socket.close();
      }
    }
  }

  /** Whoever goes on with a new connection looks here from time to time while it waits. */
  public void checkOpen() throws LinkException {
    if (closed) {
      throw Fault.CHANNEL_SHUTDOWN.with(name.address());
    }
  }

  private void connect(Fd socket, long timeoutNanos) throws LinkException, SystemCallException {
    ByteBuffer sockaddr = name.toSockaddr();
    long start = System.nanoTime();
    while (true) {
      checkOpen();
      long left = timeoutNanos - (System.nanoTime() - start);
      // 0 would mean no limit; and one try is made whatever the time.
      long micros = Math.max(1, TimeUnit.NANOSECONDS.toMicros(left));
      UnixSocket.limitConnect(socket, Math.min(micros, SLICE_MICROS));
      int errno = Sockets.connect(socket, sockaddr);
      if (errno == 0) {
        return;
      }
      if (!Errno.EAGAIN.is(errno) && !Errno.EINTR.is(errno)) {
        throw failure("connect", errno);
      }
      if (System.nanoTime() - start >= timeoutNanos) {
        throw Fault.CONNECT_TIMEOUT.with(name.address(), seconds(timeoutNanos));
      }
    }
  }

  private LinkException failure(String operation, int errno) {
    if (Errno.ENOENT.is(errno)) {
      return Fault.CONNECT_NO_SUCH_FILE.with(name.address());
    }
    // Behind an abstract name there is no file that a server could have left.
    if (Errno.ECONNREFUSED.is(errno) && !name.isAbstract()) {
      return isNoSocket()
          ? Fault.CONNECT_NOT_A_SOCKET.with(name.address(), name.text())
          : Fault.CONNECT_REFUSED.with(name.address());
    }
    if (Errno.EACCES.is(errno)) {
      return Fault.CONNECT_PERMISSION.with(name.address());
    }
    return new SystemCallException(operation, errno).fault(Fault.CONNECT_FAILED, name.address());
  }

  /** Whether there is something else, which the system tells from no dead server's socket. */
  private boolean isNoSocket() {
    try {
      Inode found = Inode.behind(name.text());
      return found != null && !found.isSocket();
    } catch (SystemCallException e) {
      return false; // nobody can say what it is
    }
  }

  private static String seconds(long nanos) {
    return BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString();
  }

  @Override
  public long helloTimeoutNanos() {
    return helloTimeoutNanos;
  }

  @Override
  public void close() {
    closed = true;
  }
}
