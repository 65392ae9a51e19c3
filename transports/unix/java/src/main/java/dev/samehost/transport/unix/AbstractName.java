package dev.samehost.transport.unix;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Errno;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.SocketAddress;

/** A name in the abstract name space. The system gives it to one socket, and frees it with it. */
final class AbstractName extends UnixEndpoint {
  AbstractName(SocketName name, AllowedUsers users, TransportOptions options) {
    super(name, users, options);
  }

  @Override
  public SocketAddress claim() {
    return new DomainSocketAddress("\0" + name.text());
  }

  @Override
  public void publish(SocketAddress bound) {}

  @Override
  public LinkException bindFailure(int errno) {
    return Errno.EADDRINUSE.is(errno)
        ? Fault.LISTEN_IN_USE.with(name.address())
        : Fault.LISTEN_FAILED.with(name.address(), "bind", Errno.describe(errno));
  }

  @Override
  public void close() {}
}
