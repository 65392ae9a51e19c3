package dev.samehost.benchmarks;

import java.util.HashMap;
import java.util.Map;

/**
 * The flags that every program of the benchmarks takes: {@code --system NAME --address ADDRESS}.
 */
record Flags(String system, String address) {
  private static final int MISUSED = 2;

  /** Reads them, or ends the program with a word on how it is used. */
  static Flags parse(String[] words) {
    Map<String, String> values = new HashMap<>();
    for (int at = 0; at + 1 < words.length; at += 2) {
      values.put(words[at], words[at + 1]);
    }
    String system = values.remove("--system");
    String address = values.remove("--address");
    if (system == null || address == null || !values.isEmpty() || words.length % 2 != 0) {
      System.err.println("usage: --system NAME --address ADDRESS");
      System.exit(MISUSED);
    }
    return new Flags(system, address);
  }
}
