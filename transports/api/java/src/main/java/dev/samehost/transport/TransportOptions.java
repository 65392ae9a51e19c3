package dev.samehost.transport;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Settings that a channel or a server hands to its transport. Immutable; keys are compared by
 * identity.
 */
public final class TransportOptions {
  /** No settings: every one has its default. */
  public static final TransportOptions NONE = new TransportOptions(Map.of());

  private final Map<Key<?>, Object> values;

  private TransportOptions(Map<Key<?>, Object> values) {
    this.values = values;
  }

  /** The value of {@code key}, or its default. */
  @SuppressWarnings("unchecked") // with() stores a value only under a key of its type
  public <T> T get(Key<T> key) {
    Object value = values.get(key);
    return value == null ? key.defaultValue : (T) value;
  }

  /** These settings and one more. */
  public <T> TransportOptions with(Key<T> key, T value) {
    Map<Key<?>, Object> copy = new HashMap<>(values);
    copy.put(key, Objects.requireNonNull(value));
    return new TransportOptions(Map.copyOf(copy));
  }

  /** A setting: a constant of the transport that reads it. */
  public static final class Key<T> {
    private final String name;
    private final T defaultValue;

    private Key(String name, T defaultValue) {
      this.name = name;
      this.defaultValue = defaultValue;
    }

    /** A new key, with the value that holds where none was given. */
    public static <T> Key<T> of(String name, T defaultValue) {
      return new Key<>(name, Objects.requireNonNull(defaultValue));
    }

    @Override
    public String toString() {
      return name;
    }
  }
}
