package dev.samehost.call;

import dev.samehost.wire.Preface.Verdict;
import java.util.EnumMap;
import java.util.Map;
import java.util.ServiceLoader;

/** The bridges of this process, which are looked for when a peer first speaks another protocol. */
final class Bridges {
  private static final Map<Verdict, Bridge> INSTALLED = new EnumMap<>(Verdict.class);

  static {
    for (Bridge bridge : ServiceLoader.load(Bridge.class, Bridge.class.getClassLoader())) {
      INSTALLED.putIfAbsent(bridge.protocol(), bridge);
    }
  }

  private Bridges() {}

  /** The bridge to those who speak a protocol; null when there is none. */
  static Bridge to(Verdict protocol) {
    return INSTALLED.get(protocol);
  }
}
