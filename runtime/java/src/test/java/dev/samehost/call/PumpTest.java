package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.connection.Pair;
import dev.samehost.transport.Code;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a blocked caller runs, step by step. */
@Timeout(60)
final class PumpTest {
  /**
   * Another thread reads the last answer, and signals only when the caller has already found and
   * told it: the caller then empties its executor, and must get out of there.
   */
  @Test
  void aSignalThatComesAfterTheEndKeepsNobody() throws Exception {
    DialerOptions options =
        new DialerOptions(
            "test:", Pair.HELLO, 1, -1, EndOfCall.NOBODY, Workers.pool(), Serving.NOTHING);
    Dialer dialer = new Dialer(null, options, Backoff.exponential(1, 1));
    EndOfCall end = new EndOfCall();
    ClientStream call =
        new ClientStream(
            dialer,
            new ClientStreamOptions(
                "/t.S/M",
                ClientStreamOptions.NO_DEADLINE,
                "",
                true,
                false,
                0,
                Workers.pool(),
                null),
            end);
    call.fail(Outcome.failure(Code.CANCELLED, "over", null));
    end.outcome.get();
    Queue<Runnable> executor = new ConcurrentLinkedQueue<>();
    new Pump(executor::add, call).signal();
    Thread caller = new Thread(executor.remove());
    caller.setDaemon(true);
    caller.start();
    caller.join(TimeUnit.SECONDS.toMillis(20));
    assertThat(caller.isAlive()).isFalse();
    assertThat(executor).isEmpty();
  }
}
