package dev.samehost.call;

import java.util.ServiceLoader;

/** The bridge of this process, which is looked for when a peer first speaks HTTP/2. */
final class Bridges {
  private static final Bridge INSTALLED =
      ServiceLoader.load(Bridge.class, Bridge.class.getClassLoader()).findFirst().orElse(null);

  private Bridges() {}

  /** The bridge; null when there is none. */
  static Bridge installed() {
    return INSTALLED;
  }
}
