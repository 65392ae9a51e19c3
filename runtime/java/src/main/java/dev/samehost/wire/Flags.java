package dev.samehost.wire;

/** The bits of a frame's flags. What a bit means depends on the type; unknown ones are ignored. */
public final class Flags {
  /** OPEN, MESSAGE: the opener sends no further message. */
  public static final int END = 0x01;

  /** PING: the answer to a PING. */
  public static final int ACK = 0x01;

  /** RESET: no handler saw the call. */
  public static final int REFUSED = 0x01;

  /** OPEN, MESSAGE, STATUS: the frame carries message bytes. */
  public static final int MESSAGE = 0x02;

  /** OPEN: the payload begins with the method's path. */
  public static final int PATH = 0x04;

  /** OPEN: the payload holds the time that is left. */
  public static final int DEADLINE = 0x08;

  /** OPEN, MESSAGE, STATUS: the message that begins here is compressed. */
  public static final int COMPRESSED = 0x10;

  /** STATUS: the payload begins with the response headers. */
  public static final int HEADERS = 0x40;

  private Flags() {}
}
