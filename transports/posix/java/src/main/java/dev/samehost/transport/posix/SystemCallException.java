package dev.samehost.transport.posix;

import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;

/** A system call failed. The transport that made it turns this into a fault with its address. */
public final class SystemCallException extends Exception {
  private static final long serialVersionUID = 1;

  private final String operation;
  private final int errno;

  /** A failure of {@code operation}, a name such as {@code bind}. */
  public SystemCallException(String operation, int errno) {
    super(operation + " failed: " + Errno.describe(errno));
    this.operation = operation;
    this.errno = errno;
  }

  /** The call that failed. */
  public String operation() {
    return operation;
  }

  /** Why, as a number. */
  public int errno() {
    return errno;
  }

  /** Why, for people. */
  public String error() {
    return Errno.describe(errno);
  }

  /**
   * The fault of whoever made the call at an address; but where this process has no descriptors
   * left, that is what a person must know, whoever made it.
   *
   * @param usual the fault otherwise, of an address, an operation and an error
   */
  public LinkException fault(Fault usual, Object address) {
    Fault fault = Errno.EMFILE.is(errno) ? Fault.NO_DESCRIPTORS : usual;
    return fault.with(address, operation, error());
  }
}
