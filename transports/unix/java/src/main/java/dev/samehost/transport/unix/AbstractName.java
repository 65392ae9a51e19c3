package dev.samehost.transport.unix;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.posix.Errno;

/** A name in the abstract name space. The system gives it to one socket, and frees it with it. */
final class AbstractName implements Endpoint {
  private final SocketName name;

  AbstractName(SocketName name) {
    this.name = name;
  }

  @Override
  public String claim() {
    return "\0" + name.text();
  }

  @Override
  public void publish() {}

  @Override
  public LinkException bindFailure(int errno) {
    return Errno.EADDRINUSE.is(errno)
        ? Fault.LISTEN_IN_USE.with(name.address())
        : Fault.LISTEN_FAILED.with(name.address(), "bind", Errno.describe(errno));
  }

  @Override
  public void close() {}
}
