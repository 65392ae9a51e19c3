package dev.samehost.call;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The calls that wait for a connection, in the order in which they came. Used under the dialer's
 * lock, except where said.
 */
final class Pending {
  private final Set<ClientStream> calls = new LinkedHashSet<>();
  private volatile boolean mayHaveSome;

  /**
   * Whether there may be some. From any thread: a call that has been added is seen, or sees that it
   * is over meanwhile.
   */
  boolean mayHaveSome() {
    return mayHaveSome;
  }

  /** One more, unless it is over already: it may have left without looking here. */
  boolean add(ClientStream call) {
    mayHaveSome = true;
    return !call.isOver() && calls.add(call);
  }

  void remove(ClientStream call) {
    calls.remove(call);
    mayHaveSome = !calls.isEmpty();
  }

  boolean isEmpty() {
    return calls.isEmpty();
  }

  /** Takes all of them. */
  List<ClientStream> takeAll() {
    List<ClientStream> all = List.copyOf(calls);
    calls.clear();
    return all;
  }

  /** Takes those that do not wait any longer after a failure. */
  List<ClientStream> takeImpatient() {
    List<ClientStream> some = calls.stream().filter(call -> !call.waitsForReady()).toList();
    some.forEach(calls::remove);
    return some;
  }
}
