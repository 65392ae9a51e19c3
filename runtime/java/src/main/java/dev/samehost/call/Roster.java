package dev.samehost.call;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The calls that have begun and are not over. Each takes a place by itself, without a lock, near
 * those of other calls of its thread; where all places near it are taken, a set does. It knows
 * nothing of what calls do.
 */
final class Roster {
  /** Where a call stands that has not entered, or has found no place. */
  static final int NOWHERE = -1;

  /** How many calls of one thread have a place: a cache line of references. */
  private static final int PLACES_A_THREAD = 16;

  private static final int THREADS = 8;

  private final AtomicReferenceArray<ClientStream> places =
      new AtomicReferenceArray<>(THREADS * PLACES_A_THREAD);

  /** Guarded by itself. */
  private final Set<ClientStream> others = new HashSet<>();

  /** A call begins. Answers where it stands, for {@link #leave}. */
  int enter(ClientStream call) {
    int first = (int) (Thread.currentThread().getId() % THREADS) * PLACES_A_THREAD;
    for (int place = first; place < first + PLACES_A_THREAD; place++) {
      if (places.get(place) == null && places.compareAndSet(place, null, call)) {
        return place;
      }
    }
    synchronized (others) {
      others.add(call);
    }
    return NOWHERE;
  }

  /** A call is over. */
  void leave(ClientStream call, int place) {
    if (place != NOWHERE) {
      places.set(place, null);
    } else {
      synchronized (others) {
        others.remove(call);
      }
    }
  }

  /** All calls that stand here, those that come or go meanwhile perhaps. */
  List<ClientStream> all() {
    List<ClientStream> all = new ArrayList<>();
    for (int place = 0; place < places.length(); place++) {
      ClientStream call = places.get(place);
      if (call != null) {
        all.add(call);
      }
    }
    synchronized (others) {
      all.addAll(others);
    }
    return all;
  }

  boolean isEmpty() {
    return all().isEmpty();
  }
}
