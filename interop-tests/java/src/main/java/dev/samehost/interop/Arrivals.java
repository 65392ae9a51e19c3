package dev.samehost.interop;

import java.util.ArrayList;
import java.util.List;

/** Whether each message that has arrived on a call was compressed, in their order. */
public final class Arrivals {
  private final List<Boolean> compressed = new ArrayList<>();

  /** A message has arrived, of so many bytes on the wire and so many in itself. */
  public synchronized void add(long wireBytes, long plainBytes) {
    compressed.add(wireBytes != plainBytes);
  }

  /** All that have arrived by now. */
  public synchronized List<Boolean> all() {
    return List.copyOf(compressed);
  }
}
