package dev.samehost.connection;

import java.util.Arrays;
import java.util.Comparator;

/**
 * The streams that are open on the wire, by id, and which ids were open before. Ids are serial
 * numbers that wrap, odd ones from the connector and even ones from the acceptor.
 */
final class Streams {
  private final int localParity;

  /** Open addressing with linear probing; its length is a power of two, at most half full. */
  private Stream[] table = new Stream[16];

  private int localOpen;
  private int peerOpen;
  private int lingering;
  private int nextLocal;
  private int lastLocal;
  private boolean anyLocal;
  private int lastPeer;
  private boolean anyPeer;

  Streams(Side side, int firstStream) {
    localParity = side == Side.CONNECTOR ? 1 : 0;
    nextLocal = firstStream != 0 ? firstStream : 2 - localParity;
  }

  /** Whether {@code a} is later than {@code b} as a serial number. */
  static boolean isLater(int a, int b) {
    return a - b > 0;
  }

  int open() {
    return localOpen + peerOpen;
  }

  /** How many streams are open that this side opened. */
  int localOpen() {
    return localOpen;
  }

  /** How many streams are open that the peer opened. */
  int peerOpen() {
    return peerOpen;
  }

  /** How many streams of the peer's are over, but not for those who serve them. */
  int lingering() {
    return lingering;
  }

  /** A stream of the peer's ends before it was served to its end. */
  void linger(Stream stream) {
    if (!stream.isLocal() && !stream.lingers) {
      stream.lingers = true;
      lingering++;
    }
  }

  /** Whoever serves a stream has done so to its end, or has been told of its end. */
  void served(Stream stream) {
    if (stream.lingers) {
      stream.lingers = false;
      lingering--;
    }
  }

  /** Whether an id is one that this side opens. */
  boolean isLocal(int id) {
    return (id & 1) == localParity;
  }

  /** Takes the id of the next stream that this side opens. */
  int takeId() {
    int id = nextLocal;
    while (id == 0 || find(id) != null) {
      id += 2;
    }
    nextLocal = id + 2;
    lastLocal = id;
    anyLocal = true;
    return id;
  }

  /** Whether the peer may open a stream with this id now; it counts as opened then. */
  boolean takePeerId(int id) {
    if (id == 0 || isLocal(id) || (anyPeer && !isLater(id, lastPeer)) || find(id) != null) {
      return false;
    }
    lastPeer = id;
    anyPeer = true;
    return true;
  }

  /** Whether an id was ever opened; one that was skipped counts as opened. */
  boolean wasOpened(int id) {
    return isLocal(id) ? anyLocal && !isLater(id, lastLocal) : anyPeer && !isLater(id, lastPeer);
  }

  /** The open stream with this id, or null. */
  Stream find(int id) {
    int mask = table.length - 1;
    int slot = slot(id, mask);
    while (table[slot] != null) {
      if (table[slot].id() == id) {
        return table[slot];
      }
      slot = (slot + 1) & mask;
    }
    return null;
  }

  void add(Stream stream) {
    if (2 * (open() + 1) > table.length) {
      Stream[] old = table;
      table = new Stream[2 * old.length];
      for (Stream each : old) {
        if (each != null) {
          put(each);
        }
      }
    }
    put(stream);
    if (stream.isLocal()) {
      localOpen++;
    } else {
      peerOpen++;
    }
  }

  private void put(Stream stream) {
    int mask = table.length - 1;
    int slot = slot(stream.id(), mask);
    while (table[slot] != null) {
      slot = (slot + 1) & mask;
    }
    table[slot] = stream;
  }

  void remove(Stream stream) {
    int mask = table.length - 1;
    int slot = slot(stream.id(), mask);
    while (table[slot] != stream) {
      if (table[slot] == null) {
        throw new IllegalStateException(stream + " is not open");
      }
      slot = (slot + 1) & mask;
    }
    closeGap(slot, mask);
    if (stream.isLocal()) {
      localOpen--;
    } else {
      peerOpen--;
    }
  }

  /** Moves what comes behind a gap into it, as long as it then stands nearer to its own slot. */
  private void closeGap(int removed, int mask) {
    int gap = removed;
    table[gap] = null;
    for (int slot = (gap + 1) & mask; table[slot] != null; slot = (slot + 1) & mask) {
      int home = slot(table[slot].id(), mask);
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        table[gap] = table[slot];
        table[slot] = null;
        gap = slot;
      }
    }
  }

  private static int slot(int id, int mask) {
    // Ids of one side differ by two: neighbours in the table, whose other half is the other side's.
    return id & mask;
  }

  /** All open streams, those of lower ids first. */
  Stream[] all() {
    Stream[] all = new Stream[open()];
    int count = 0;
    for (Stream stream : table) {
      if (stream != null) {
        all[count++] = stream;
      }
    }
    Arrays.sort(all, Comparator.comparingLong(stream -> Integer.toUnsignedLong(stream.id())));
    return all;
  }

  /** The last stream of the peer's, 0 for none. */
  int lastPeer() {
    return anyPeer ? lastPeer : 0;
  }
}
