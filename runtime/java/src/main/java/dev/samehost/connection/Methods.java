package dev.samehost.connection;

import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.WireException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The words that stand for method paths on one connection, those of this side and the peer's. */
final class Methods {
  private final int peerMayBind;
  private final Map<String, Integer> words = new HashMap<>();
  private String[] paths = new String[8];
  private int bound;

  /** How many words this side may bind; known with the peer's HELLO. */
  private int mayBind;

  Methods(int peerMayBind) {
    this.peerMayBind = peerMayBind;
  }

  void mayBind(int count) {
    mayBind = count;
  }

  /** The word that is bound to a path, 0 for none. */
  int word(String path) {
    Integer word = words.get(path);
    return word == null ? 0 : word;
  }

  /** Binds the next word to a path and answers it, or 0 when the peer takes no more. */
  int bind(String path) {
    int word = words.size() + 1;
    if (word > mayBind) {
      return 0;
    }
    words.put(path, word);
    return word;
  }

  /** The path of an OPEN of the peer's; binds its word where the path comes with one. */
  String path(int word, String path) throws WireException {
    if (path == null) {
      if (word <= 0 || word > bound) {
        throw refused("OPEN by the unknown method " + Integer.toUnsignedString(word));
      }
      return paths[word - 1];
    }
    if (word == 0) {
      return path;
    }
    if (word != bound + 1) {
      throw refused("OPEN that binds " + Integer.toUnsignedString(word) + " behind " + bound);
    }
    if (bound == peerMayBind) {
      throw refused("OPEN that binds more than " + peerMayBind + " methods");
    }
    if (bound == paths.length) {
      paths = Arrays.copyOf(paths, 2 * bound);
    }
    paths[bound++] = path;
    return path;
  }

  private static WireException refused(String text) {
    return new WireException(GoAwayCode.PROTOCOL_ERROR, text);
  }
}
