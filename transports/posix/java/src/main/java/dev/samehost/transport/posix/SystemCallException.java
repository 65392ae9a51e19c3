package dev.samehost.transport.posix;

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
}
