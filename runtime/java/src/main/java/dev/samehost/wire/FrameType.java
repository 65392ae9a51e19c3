package dev.samehost.wire;

/** The types of frames that version 1 knows. */
public enum FrameType {
  HELLO(1),
  OPEN(2),
  HEADERS(3),
  MESSAGE(4),
  STATUS(5),
  RESET(6),
  CREDIT(7),
  PING(8),
  GOAWAY(9);

  /** Types from this number on are skipped where they are not known. */
  public static final int FIRST_SKIPPED = 128;

  private static final FrameType[] BY_NUMBER = new FrameType[10];

  static {
    for (FrameType type : values()) {
      BY_NUMBER[type.number] = type;
    }
  }

  private final int number;

  FrameType(int number) {
    this.number = number;
  }

  /** The number on the wire. */
  public int number() {
    return number;
  }

  /** The type with this number, or null where there is none. */
  public static FrameType of(int number) {
    return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
  }

  /** Whether the frame belongs to the connection, so that its stream is 0. */
  public boolean isConnections() {
    return this == HELLO || this == PING || this == GOAWAY;
  }
}
