package dev.samehost.call;

import dev.samehost.connection.Seconds;
import dev.samehost.transport.Code;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import java.util.concurrent.ScheduledFuture;

/** The time that a call has, and what it is told when that is over. It ends no call itself. */
final class CallDeadline {
  private final long nanos;
  private final String name;
  private final long startedAt = System.nanoTime();
  private volatile ScheduledFuture<?> timer;

  private CallDeadline(ClientStreamOptions options) {
    this.nanos = options.deadlineNanos();
    this.name = options.deadlineName();
  }

  /** The time counts from now on; null where there is no deadline. */
  static CallDeadline of(ClientStreamOptions options) {
    return options.deadlineNanos() == ClientStreamOptions.NO_DEADLINE
        ? null
        : new CallDeadline(options);
  }

  long nanosLeft() {
    return nanos - (System.nanoTime() - startedAt);
  }

  /** Has something done once the time is over. */
  void watch(Runnable expired) {
    timer = Timers.after(nanosLeft(), expired);
  }

  /** Nothing needs to be done any more. From any thread, before or after {@link #watch}. */
  void forget() {
    ScheduledFuture<?> watching = timer;
    if (watching != null) {
      watching.cancel(false);
    }
  }

  /** What a call is told that stood there when its time was over. */
  Outcome outcome(Route route, ClientStreamState state) {
    String elapsed = Seconds.of(System.nanoTime() - startedAt);
    LinkException failure = state == ClientStreamState.LOOKING ? route.lastFailure() : null;
    String text =
        failure == null
            ? Fault.DEADLINE_EXCEEDED.text(elapsed, route.address(), state.waiting())
            : Fault.DEADLINE_UNCONNECTED.text(elapsed, route.address(), failure.getMessage());
    return Outcome.failure(Code.DEADLINE_EXCEEDED, name + " " + text, null);
  }
}
