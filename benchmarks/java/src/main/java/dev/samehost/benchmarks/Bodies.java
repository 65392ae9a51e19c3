package dev.samehost.benchmarks;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The bytes that messages are built from: one array for each size. */
final class Bodies {
  private static final Map<Integer, byte[]> BODIES = new ConcurrentHashMap<>();

  private Bodies() {}

  static byte[] of(int size) {
    return BODIES.computeIfAbsent(size, byte[]::new);
  }
}
