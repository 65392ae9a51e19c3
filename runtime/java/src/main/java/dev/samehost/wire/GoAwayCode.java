package dev.samehost.wire;

/** The errors of a connection, as GOAWAY names them; in the order of their numbers. */
public enum GoAwayCode {
  /** An orderly end. */
  NO_ERROR,
  /** A rule of the wire was broken; the text says which. */
  PROTOCOL_ERROR,
  /** More was sent than the credit allows. */
  FLOW_CONTROL_ERROR,
  /** A frame longer than the receiver takes. */
  FRAME_TOO_LARGE,
  /** No common version. */
  VERSION_MISMATCH,
  /** The preface and HELLO did not arrive in time. */
  HELLO_TIMEOUT,
  /** This peer may not connect. */
  REFUSED,
  /** The peer makes work and does not read the answers. */
  LIMIT_EXCEEDED,
  /** A fault of the sender's own, and whatever code a newer peer may send. */
  INTERNAL_ERROR;

  private static final GoAwayCode[] ALL = values();

  /** The number on the wire. */
  @SuppressWarnings("EnumOrdinal") // The order above is that of the numbers.
  public int number() {
    return ordinal();
  }

  /** The code with this number; {@link #INTERNAL_ERROR} where there is none. */
  public static GoAwayCode of(int number) {
    return number >= 0 && number < ALL.length ? ALL[number] : INTERNAL_ERROR;
  }
}
