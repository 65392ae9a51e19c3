package dev.samehost.call;

import java.lang.invoke.VarHandle;
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
  /** Where a call stands that has not entered yet, as far as is known. */
  static final int NOWHERE = -1;

  /** Where a call stands that has found no place. */
  static final int IN_THE_SET = -2;

  /** How many calls of one thread have a place: a cache line of references. */
  private static final int PLACES_A_THREAD = 16;

  private static final int THREADS = 8;

  private final AtomicReferenceArray<ClientStream> places =
      new AtomicReferenceArray<>(THREADS * PLACES_A_THREAD);

  /** Guarded by itself. */
  private final Set<ClientStream> others = new HashSet<>();

  /**
   * A call begins. Answers where it stands, for {@link #leave}. This is a full fence: who ends the
   * call meanwhile finds it here, or is seen by who has entered it.
   */
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
    VarHandle.fullFence();
    return IN_THE_SET;
  }

  /**
   * A call is over. It may be told twice, and before the call has entered.
   *
   * @param place where it stands; {@link #NOWHERE} has it looked for
   */
  void leave(ClientStream call, int place) {
    if (place >= 0) {
      places.compareAndSet(place, call, null);
    } else if (place == IN_THE_SET || !leavesPlace(call)) {
      synchronized (others) {
        others.remove(call);
      }
    }
  }

  private boolean leavesPlace(ClientStream call) {
    for (int place = 0; place < places.length(); place++) {
      if (places.get(place) == call) {
        return places.compareAndSet(place, call, null);
      }
    }
    return false;
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
    for (int place = 0; place < places.length(); place++) {
      if (places.get(place) != null) {
        return false;
      }
    }
    synchronized (others) {
      return others.isEmpty();
    }
  }
}
