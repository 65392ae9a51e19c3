package dev.samehost.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Cuts the bytes of a link into frames, however they are split. A frame that lies whole in the
 * bytes at hand is not copied. Holds memory only for what has arrived of one frame.
 */
public final class FrameReader {
  private static final int FIRST_ALLOCATION = 64 << 10;

  private final FrameHeader header = new FrameHeader();
  private final ByteBuffer headerPart =
      ByteBuffer.allocate(FrameHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private int limit;

  /** The payload of a frame that arrives in parts; null while none does. */
  private ByteBuffer part;

  /** The payload of the frame last returned where it arrived in parts, or null. */
  private ByteBuffer joined;

  /** What the frame last returned was read from, of which the payload is a window otherwise. */
  private ByteBuffer input;

  /** Where the input goes on behind a payload that is a window into it; -1 while it is none. */
  private int windowEnd = -1;

  private int inputLimit;

  /** A reader at a frame's first byte that takes payloads of at most {@code limit} bytes. */
  public FrameReader(int limit) {
    this.limit = limit;
  }

  /** Takes longer payloads from the next frame on. */
  public void limit(int bytes) {
    limit = bytes;
  }

  /**
   * Reads up to the next frame's end. While this answers true, {@link #header} and {@link #payload}
   * are that frame's, and {@code in} must be given to the next call, or to {@link #release}.
   *
   * @param in little-endian
   * @return false when all bytes are used up and the frame is not complete
   * @throws WireException when the header promises more than the limit
   */
  @SuppressWarnings("ReferenceEquality") // the same buffer, whatever it says
  public boolean next(ByteBuffer in) throws WireException {
    release(in);
    if (part == null && !readHeader(in)) {
      return false;
    }
    if (part == null) {
      if (Integer.compareUnsigned(header.length(), limit) > 0) {
        throw new WireException(
            GoAwayCode.FRAME_TOO_LARGE,
            "a frame of "
                + Integer.toUnsignedString(header.length())
                + " bytes, where at most "
                + limit
                + " are taken");
      }
      if (in.remaining() >= header.length()) {
        inputLimit = in.limit();
        windowEnd = in.position() + header.length();
        in.limit(windowEnd);
        // G1 has a fence, some 7 ns, behind each store of a reference into an old object.
        if (input != in) {
          input = in;
        }
        return true;
      }
      part = allocate(Math.min(header.length(), Math.max(in.remaining(), FIRST_ALLOCATION)));
    }
    return readPart(in);
  }

  private boolean readHeader(ByteBuffer in) {
    if (headerPart.position() == 0 && in.remaining() >= FrameHeader.BYTES) {
      header.read(in);
      return true;
    }
    if (!in.hasRemaining()) {
      return false;
    }
    move(in, headerPart, headerPart.remaining());
    if (headerPart.hasRemaining()) {
      return false;
    }
    header.read(headerPart.flip());
    headerPart.clear();
    return true;
  }

  private boolean readPart(ByteBuffer in) {
    int wanted = Math.min(in.remaining(), header.length() - part.position());
    if (wanted > part.remaining()) {
      grow(wanted);
    }
    move(in, part, wanted);
    if (part.position() < header.length()) {
      return false;
    }
    joined = part.flip();
    part = null;
    return true;
  }

  private void grow(int wanted) {
    int doubled = (int) Math.min(header.length(), 2L * part.limit());
    ByteBuffer larger = allocate(Math.max(doubled, part.position() + wanted));
    part = larger.put(part.flip());
  }

  private static ByteBuffer allocate(int bytes) {
    byte[] array = LargeArrays.take(bytes);
    return ByteBuffer.wrap(array, 0, bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void move(ByteBuffer from, ByteBuffer to, int most) {
    int count = Math.min(most, from.remaining());
    to.put(to.position(), from, from.position(), count);
    to.position(to.position() + count);
    from.position(from.position() + count);
  }

  /** Lets go of the frame last returned: the input stands behind it, with its own limit. */
  public void release(ByteBuffer in) {
    if (windowEnd >= 0) {
      in.limit(inputLimit).position(windowEnd);
      windowEnd = -1;
    }
    joined = null;
  }

  /**
   * Where the payload that arrives in parts goes on, with room for no more than it: bytes that are
   * put there count as given to {@link #next}, which is to be called when there is no room left.
   * Null while no payload arrives in parts.
   */
  public ByteBuffer unfinished() {
    if (part != null && !part.hasRemaining()) {
      grow(1);
    }
    return part;
  }

  /** The header of the frame. */
  public FrameHeader header() {
    return header;
  }

  /** The payload, from its position to its limit, little-endian. */
  public ByteBuffer payload() {
    return joined != null ? joined : input;
  }

  /** Whether the payload is memory of its own, to be kept by whoever wants it. */
  public boolean ownsPayload() {
    return joined != null;
  }

  /** Whether what was read ended between two frames. */
  public boolean isBetweenFrames() {
    return part == null && headerPart.position() == 0;
  }
}
