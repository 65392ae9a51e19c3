package dev.samehost.wire;

import java.util.Objects;

/**
 * Bytes that break a rule of the wire. The connection that they came on is over; {@link #code} and
 * the message go into the GOAWAY that says so.
 */
public final class WireException extends Exception {
  private static final long serialVersionUID = 1;

  private final GoAwayCode code;

  /** A broken rule: its code, and a text that says which rule and where. */
  public WireException(GoAwayCode code, String text) {
    super(text);
    this.code = Objects.requireNonNull(code);
  }

  /** What GOAWAY names. */
  public GoAwayCode code() {
    return code;
  }

  static WireException protocol(String text) {
    return new WireException(GoAwayCode.PROTOCOL_ERROR, text);
  }
}
