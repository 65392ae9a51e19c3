package dev.samehost.transport;

import java.util.Objects;

/**
 * A link could not be made or is broken. It says which fault of the catalogue it is, and its
 * message alone lets a person act. The runtime hands both on as a gRPC status.
 */
public final class LinkException extends Exception {
  private static final long serialVersionUID = 1;

  private final Fault fault;

  LinkException(Fault fault, String message, Throwable cause) {
    super(message, cause);
    this.fault = Objects.requireNonNull(fault);
  }

  /** Which fault of the catalogue this is. */
  public Fault fault() {
    return fault;
  }

  /** The gRPC status code of the fault. */
  public Code code() {
    return fault.code();
  }
}
