package dev.samehost.interop.server;

import dev.samehost.interop.proto.HowEndedResponse;
import dev.samehost.interop.proto.HowEndedResponse.State;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The calls that clients gave a key to: what became of each, and which may go on. */
final class KnownCalls {
  private static final class Entry {
    State state = State.UNKNOWN;
    int code;
    boolean released;
    final List<Runnable> waiting = new ArrayList<>();
  }

  private final Map<String, Entry> entries = new HashMap<>();

  /** A call with this key has come. */
  synchronized void opened(String key) {
    entry(key).state = State.OPEN;
    notifyAll();
  }

  /** Its handler has ended it; what comes later does not count. */
  synchronized void ended(String key, Status.Code code) {
    over(key, State.ENDED, code.value());
  }

  /** It was cancelled before its handler had ended it. */
  synchronized void cancelled(String key) {
    over(key, State.CANCELLED, Status.Code.CANCELLED.value());
  }

  private void over(String key, State state, int code) {
    Entry entry = entry(key);
    if (entry.state == State.OPEN) {
      entry.state = state;
      entry.code = code;
      notifyAll();
    }
  }

  /** Lets the call go on, now or when it comes. */
  void release(String key) {
    List<Runnable> waiting;
    synchronized (this) {
      Entry entry = entry(key);
      entry.released = true;
      waiting = List.copyOf(entry.waiting);
      entry.waiting.clear();
    }
    waiting.forEach(Runnable::run);
  }

  /** Runs {@code next} once the call may go on: on this thread or on the one that releases it. */
  void whenReleased(String key, Runnable next) {
    synchronized (this) {
      Entry entry = entry(key);
      if (!entry.released) {
        entry.waiting.add(next);
        return;
      }
    }
    next.run();
  }

  /** What became of a call; waits until it is open, or over, for at most so long. */
  synchronized HowEndedResponse await(String key, boolean over, long millis)
      throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000;
    while (!reached(entry(key).state, over)) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        break;
      }
      wait(left);
    }
    Entry entry = entry(key);
    return HowEndedResponse.newBuilder().setState(entry.state).setCode(entry.code).build();
  }

  private static boolean reached(State state, boolean over) {
    return over ? state == State.ENDED || state == State.CANCELLED : state != State.UNKNOWN;
  }

  private Entry entry(String key) {
    return entries.computeIfAbsent(key, unknown -> new Entry());
  }
}
