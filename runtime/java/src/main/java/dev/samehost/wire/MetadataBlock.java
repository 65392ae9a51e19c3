package dev.samehost.wire;

import java.util.Arrays;
import java.util.Objects;

/**
 * A list of pairs of a key and a value of bytes. Order and duplicates are kept. Immutable, as long
 * as nobody changes the arrays of its values.
 */
public final class MetadataBlock {
  /** No pair at all. */
  public static final MetadataBlock EMPTY = new MetadataBlock(new String[0], new byte[0][], 0, 0);

  /** A key that each request of gRPC's has; in a block that has arrived it is this very object. */
  public static final String ACCEPT_ENCODING = "grpc-accept-encoding";

  /** The most pairs that a block can say. */
  public static final int MAX_PAIRS = 0xFFFF;

  private final String[] keys;
  private final byte[][] values;
  private final int size;
  private final int bytes;

  /** The pairs as they travel, behind their count; null for a block that has arrived. */
  private final byte[] encoded;

  /** A block that has arrived. */
  MetadataBlock(String[] keys, byte[][] values, int size, int bytes) {
    this(keys, values, size, bytes, null);
  }

  private MetadataBlock(String[] keys, byte[][] values, int size, int bytes, byte[] encoded) {
    this.keys = keys;
    this.values = values;
    this.size = size;
    this.bytes = bytes;
    this.encoded = encoded;
  }

  /** How many pairs there are. */
  public int size() {
    return size;
  }

  /** The key of a pair: {@code 0-9 a-z _ - .} alone. */
  public String key(int index) {
    return keys[Objects.checkIndex(index, size)];
  }

  /** The value of a pair, not copied. */
  public byte[] value(int index) {
    return values[Objects.checkIndex(index, size)];
  }

  /** The first value of a key, not copied, or null. */
  public byte[] first(String key) {
    for (int i = 0; i < size; i++) {
      if (keys[i].equals(key)) {
        return values[i];
      }
    }
    return null;
  }

  /** The size that {@code max_metadata_bytes} limits: the bytes on the wire after the count. */
  public int bytes() {
    return bytes;
  }

  /** The pairs as they travel, behind their count. A block may be sent with many calls. */
  byte[] encoded() {
    return encoded != null ? encoded : Fields.encoded(keys, values, size, bytes);
  }

  @Override
  public boolean equals(Object other) {
    if (!(other instanceof MetadataBlock that) || size != that.size) {
      return false;
    }
    for (int i = 0; i < size; i++) {
      if (!keys[i].equals(that.keys[i]) || !Arrays.equals(values[i], that.values[i])) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    int hash = size;
    for (int i = 0; i < size; i++) {
      hash = 31 * hash + 31 * keys[i].hashCode() + Arrays.hashCode(values[i]);
    }
    return hash;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < size; i++) {
      text.append(i == 0 ? "" : ", ").append(keys[i]).append(": ").append(values[i].length);
      text.append(" bytes");
    }
    return text.append(']').toString();
  }

  /** An empty builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the pairs of a block. */
  public static final class Builder {
    private String[] keys = new String[4];
    private byte[][] values = new byte[4][];
    private int size;
    private int bytes;

    private Builder() {}

    /**
     * Adds a pair. The value is not copied.
     *
     * @throws IllegalArgumentException when the key is no metadata key, or there are too many pairs
     */
    public Builder add(String key, byte[] value) {
      if (!isKey(key)) {
        throw new IllegalArgumentException("not a metadata key: " + key);
      }
      if (size == MAX_PAIRS) {
        throw new IllegalArgumentException("more than " + MAX_PAIRS + " metadata pairs");
      }
      bytes = Math.addExact(bytes, Math.addExact(6 + key.length(), value.length));
      if (size == keys.length) {
        keys = Arrays.copyOf(keys, size * 2);
        values = Arrays.copyOf(values, size * 2);
      }
      keys[size] = key;
      values[size++] = value;
      return this;
    }

    /** The block. The builder is not used afterwards. */
    public MetadataBlock build() {
      return size == 0
          ? EMPTY
          : new MetadataBlock(keys, values, size, bytes, Fields.encoded(keys, values, size, bytes));
    }
  }

  /** Whether a text can be a key: 1 to 255 of {@code 0-9 a-z _ - .}. */
  public static boolean isKey(String text) {
    int length = text.length();
    if (length == 0 || length > 255) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (!isKeyCharacter(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  static boolean isKeyCharacter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  }

  /**
   * Whether a key is one that the frames say themselves, so that it is never metadata: {@code
   * grpc-timeout}, {@code grpc-status}, {@code grpc-message}, {@code content-type}, {@code te} and
   * whatever begins with {@code :}.
   */
  public static boolean isReserved(String key) {
    return switch (key) {
      case "grpc-timeout", "grpc-status", "grpc-message", "content-type", "te" -> true;
      default -> key.startsWith(":");
    };
  }
}
