package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Which calls may run on the thread that reads their connection. */
final class PaceTest {
  private static final long FAST = TimeUnit.MICROSECONDS.toNanos(2);
  private static final long SLOW = TimeUnit.MICROSECONDS.toNanos(100);

  private final Pace pace = new Pace();

  /** How many calls run elsewhere, each of which takes so long, until one may run here. */
  private int elsewhere(long nanos) {
    for (int calls = 0; calls < 100_000; calls++) {
      if (!pace.nextIsSlow(false)) {
        return calls;
      }
      pace.took(nanos);
    }
    return Integer.MAX_VALUE;
  }

  @Test
  void aMethodThatWasNeverCalledMayRunHere() {
    assertThat(pace.nextIsSlow(false)).isFalse();
  }

  @Test
  void aMethodThatIsSlowRunsElsewhereAndStaysThere() {
    for (int i = 0; i < 10; i++) {
      pace.took(SLOW);
    }
    assertThat(elsewhere(SLOW)).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void aMethodThatIsFastAgainComesBack() {
    for (int i = 0; i < 1_000; i++) {
      pace.took(TimeUnit.SECONDS.toNanos(1));
    }
    assertThat(elsewhere(FAST)).isLessThan(64);
  }

  @Test
  void oneSlowCallAmongFastOnesChangesNothing() {
    pace.took(SLOW);
    assertThat(pace.nextIsSlow(false)).isFalse();
  }

  @Test
  void aMethodThatSurprisesIsTriedEverMoreSeldom() {
    pace.surprised();
    int first = elsewhere(FAST);
    pace.surprised();
    int second = elsewhere(FAST);
    assertThat(first).isGreaterThan(0);
    assertThat(second).isEqualTo(2 * first);
  }

  @Test
  void aMethodThatHasNotSurprisedForLongIsForgiven() {
    for (int i = 0; i < 5; i++) {
      pace.surprised();
      elsewhere(FAST);
    }
    for (int i = 0; i < 10_000; i++) {
      pace.took(FAST);
    }
    pace.surprised();
    assertThat(elsewhere(FAST)).isEqualTo(16);
  }

  @Test
  void aCallThatIsAloneMayTakeLonger() {
    for (int i = 0; i < 100; i++) {
      pace.took(SLOW);
    }
    assertThat(pace.nextIsSlow(true)).isFalse();
    assertThat(pace.isSlow(true)).isFalse();
    assertThat(pace.nextIsSlow(false)).isTrue();
    for (int i = 0; i < 100; i++) {
      pace.took(10 * SLOW);
    }
    assertThat(pace.nextIsSlow(true)).isTrue();
    assertThat(pace.isSlow(true)).isTrue();
  }

  @Test
  void toMakeALargeMessageIsNotSlow() {
    for (int i = 0; i < 100; i++) {
      pace.took(TimeUnit.MICROSECONDS.toNanos(300), 1 << 20);
    }
    assertThat(pace.isSlow(false)).isFalse();
    for (int i = 0; i < 100; i++) {
      pace.took(TimeUnit.MICROSECONDS.toNanos(700), 1 << 20);
    }
    assertThat(pace.isSlow(false)).isTrue();
  }

  @Test
  void toAskWhetherACallThatHasBegunIsSlowMakesNoneFastAgain() {
    pace.surprised();
    for (int i = 0; i < 100_000; i++) {
      assertThat(pace.isSlow(false)).isTrue();
    }
    assertThat(elsewhere(FAST)).isGreaterThan(0);
    assertThat(pace.isSlow(false)).isFalse();
  }

  @Test
  void slowCallsAreAllMeasuredAndFastOnesNowAndThen() {
    int fast = 0;
    for (int i = 0; i < 800; i++) {
      fast += pace.measuresThis() ? 1 : 0;
    }
    assertThat(fast).isEqualTo(100);
    for (int i = 0; i < 10; i++) {
      pace.took(SLOW);
    }
    for (int i = 0; i < 800; i++) {
      assertThat(pace.measuresThis()).isTrue();
    }
  }
}
