package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.Link;
import dev.samehost.transport.LocalLink;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who sees to a thread for a reader that has left. */
@Timeout(60)
final class PresenceTest {
  private static final Link LINK = LocalLink.open("scripted:here", 1 << 10).second();

  @Test
  void onlyOneOfThoseWhoCallIsToMakeAThread() {
    Presence presence = new Presence(LINK, Thread::new);
    assertThat(presence.comeBack()).isFalse();
    presence.leave(() -> {});
    assertThat(presence.comeBack()).isTrue();
    assertThat(presence.comeBack()).isFalse();
  }

  @Test
  void aReaderIsQuietOnlyWhenNothingHasComeForTheWholeTime() {
    try (QuietTime time = QuietTime.of(TimeUnit.HOURS.toNanos(1))) {
      Presence presence = new Presence(LINK, Thread::new);
      assertThat(presence.isQuiet(0)).isFalse();
      assertThat(presence.isQuiet(0)).isFalse();
      time.set(0);
      assertThat(presence.isQuiet(1)).isFalse();
      assertThat(presence.isQuiet(1)).isTrue();
    }
  }

  @Test
  void aReaderThatHasToStayWaitsLongerEachTimeUntilSomethingComes() {
    try (QuietTime time = QuietTime.of(10)) {
      Presence presence = new Presence(LINK, Thread::new);
      assertThat(presence.patience(0)).isEqualTo(10);
      for (int i = 1; i < 1_000; i++) {
        presence.leave(() -> {});
        assertThat(presence.comeBack()).isTrue();
        presence.stay();
        assertThat(presence.patience(0)).isEqualTo(10L << Math.min(i, 20));
      }
      assertThat(presence.patience(1)).isEqualTo(10);
    }
  }

  @Test
  void aThreadThatCannotBeMadeNowIsMadeLater() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    ThreadFactory exhausted =
        task -> {
          if (tries.incrementAndGet() < 3) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          return new Thread(task);
        };
    Presence presence = new Presence(LINK, exhausted);
    CountDownLatch reads = new CountDownLatch(1);
    Runnable call =
        new Runnable() {
          @Override
          public void run() {
            if (presence.comeBack()) {
              presence.begin(reads::countDown, this);
            }
          }
        };
    presence.leave(call);
    call.run();
    assertThat(presence.isAway()).isTrue();
    assertThat(reads.await(50, TimeUnit.SECONDS)).isTrue();
    assertThat(tries.get()).isEqualTo(3);
    assertThat(presence.isAway()).isFalse();
  }
}
