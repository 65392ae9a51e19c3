package dev.samehost.wire;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;

/**
 * What a side says of itself and its limits in the HELLO frame: the message {@code
 * samehost.v1.Hello}, coded by hand. A number that is 0 stands for its default; the accessors that
 * begin with {@code max} and {@link #initialCredit} have the default filled in.
 *
 * @param minVersion the oldest version that this side speaks, at least 1
 * @param maxVersion the newest version that this side speaks
 * @param implementation for people and logs, at most 128 bytes
 * @param pid the process of this side as it sees itself, 0 where not known
 * @param pidNamespace the inode of its pid namespace, 0 where not known
 * @param features optional abilities by name
 * @param maxFrameBytes the longest payload of a frame that this side takes
 * @param initialCredit the credit of each new stream towards this side
 * @param maxMessageBytes the largest message that this side takes
 * @param maxMetadataBytes the largest metadata block that this side takes
 * @param maxStreams how many streams of the peer's may be open at once
 * @param maxMethods how many method paths the peer may intern
 */
public record Hello(
    int minVersion,
    int maxVersion,
    String implementation,
    long pid,
    long pidNamespace,
    List<String> features,
    int maxFrameBytes,
    int initialCredit,
    int maxMessageBytes,
    int maxMetadataBytes,
    int maxStreams,
    int maxMethods) {
  /** The version that this implementation speaks. */
  public static final int VERSION = 1;

  /** The longest payload of a HELLO, and of any frame before it. */
  public static final int MAX_BYTES = 4096;

  /** Checks that nothing is null. */
  public Hello {
    Objects.requireNonNull(implementation);
    features = List.copyOf(features);
  }

  /** This implementation's HELLO with every limit at its default. */
  public static Hello of(String implementation, long pid, long pidNamespace, String... features) {
    return new Hello(
        VERSION, VERSION, implementation, pid, pidNamespace, List.of(features), 0, 0, 0, 0, 0, 0);
  }

  /** The same with other limits; 0 means the default. */
  public Hello withLimits(
      int initialCredit, int maxMessageBytes, int maxMetadataBytes, int maxStreams) {
    return new Hello(
        minVersion,
        maxVersion,
        implementation,
        pid,
        pidNamespace,
        features,
        maxFrameBytes,
        initialCredit,
        maxMessageBytes,
        maxMetadataBytes,
        maxStreams,
        maxMethods);
  }

  /** Whether this side names a feature. */
  public boolean has(String feature) {
    return features.contains(feature);
  }

  @Override
  public int maxFrameBytes() {
    return maxFrameBytes == 0 ? 65_536 : maxFrameBytes;
  }

  @Override
  public int initialCredit() {
    return initialCredit == 0 ? 262_144 : initialCredit;
  }

  @Override
  public int maxMessageBytes() {
    return maxMessageBytes == 0 ? 67_108_864 : maxMessageBytes;
  }

  @Override
  public int maxMetadataBytes() {
    return maxMetadataBytes == 0 ? 8_192 : maxMetadataBytes;
  }

  @Override
  public int maxStreams() {
    return maxStreams == 0 ? 4_096 : maxStreams;
  }

  @Override
  public int maxMethods() {
    return maxMethods == 0 ? 1_024 : maxMethods;
  }

  /** The payload of a HELLO frame; what has its default by being 0 is not said. */
  byte[] encode() {
    return HelloCodec.encode(
        this,
        maxFrameBytes,
        initialCredit,
        maxMessageBytes,
        maxMetadataBytes,
        maxStreams,
        maxMethods);
  }

  static Hello decode(ByteBuffer payload) throws WireException {
    return HelloCodec.decode(payload);
  }
}
