package dev.samehost.transport.posix;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a wait begins with looking again and again, and when it sleeps at once. */
@Timeout(60)
final class SpinTest {
  private static final long LONG_AGO_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Spin spin = new Spin(1);
  private final Spin givesWay = new Spin(1, true);

  /** Waits in vain; whether it spun. */
  private boolean spins() {
    if (!spin.begin(Long.MAX_VALUE)) {
      return false;
    }
    lookOn();
    spin.end(false);
    return true;
  }

  private void lookOn() {
    boolean goesOn = true;
    while (goesOn) {
      goesOn = spin.goesOn();
    }
  }

  private void missAll() {
    boolean spun = true;
    while (spun) {
      spun = spins();
    }
  }

  /** Sleeps for nothing until it spins again; answers how often. */
  private int sleepsUntilItSpins() {
    for (int sleeps = 1; sleeps < 100_000; sleeps++) {
      spin.slept(spin.beginsSleep(), true);
      if (spin.beginsSleep() == 0) {
        return sleeps;
      }
    }
    throw new AssertionError("it never spins again");
  }

  @Test
  void misses_end_the_spinning_and_short_sleeps_bring_it_back() {
    int before = 0;
    while (before < 100 && spins()) {
      before++;
    }
    assertThat(before).isEqualTo(Spin.FIRST_CREDIT);
    assertThat(spins()).isFalse();
    for (int i = 0; i < 2 * Spin.FIRST_PATIENCE; i++) {
      spin.slept(System.nanoTime() - LONG_AGO_NANOS, true);
      spin.slept(System.nanoTime(), false);
    }
    assertThat(spins()).isFalse(); // neither long ones nor those in vain
    assertThat(sleepsUntilItSpins()).isAtLeast(Spin.FIRST_PATIENCE);
    assertThat(spins()).isTrue();
  }

  @Test
  void a_sleep_after_a_spin_in_vain_earns_nothing() {
    for (int i = 0; i < Spin.FIRST_CREDIT; i++) {
      assertThat(spins()).isTrue();
      spin.slept(spin.beginsSleep(), true);
    }
    assertThat(spins()).isFalse();
  }

  @Test
  void a_connection_that_misses_again_and_again_tries_ever_more_seldom_until_it_hits() {
    int tries = 0;
    for (int patience = Spin.FIRST_PATIENCE; tries < 4; patience *= 2, tries++) {
      missAll();
      assertThat(sleepsUntilItSpins()).isAtLeast(patience);
    }
    for (int hits = 0; hits < 10; hits++) {
      assertThat(spin.begin(Long.MAX_VALUE)).isTrue();
      spin.end(true);
    }
    missAll();
    assertThat(sleepsUntilItSpins()).isLessThan(8 * Spin.FIRST_PATIENCE);
  }

  @Test
  void a_spin_that_was_cut_short_is_no_miss() {
    assumeTrue(Spin.MOST_SPINNERS > 0);
    for (int i = 0; i < 100; i++) {
      assertThat(spin.begin(1)).isTrue();
      lookOn();
      spin.end(false);
    }
  }

  @Test
  void whoever_gives_way_looks_a_few_times_and_misses_end_that_too() {
    givesWay.limit(TimeUnit.MILLISECONDS.toNanos(1));
    for (int misses = 0; misses < Spin.FIRST_CREDIT; misses++) {
      assertThat(givesWay.begin(Long.MAX_VALUE)).isTrue();
      int looks = 1;
      while (givesWay.goesOn()) {
        looks++;
      }
      assertThat(looks).isEqualTo(Spin.MOST_YIELDS);
      givesWay.end(false);
    }
    assertThat(givesWay.begin(Long.MAX_VALUE)).isFalse();
  }

  @Test
  void what_others_took_the_processor_for_too_long_for_is_a_miss_though_it_has_come()
      throws InterruptedException {
    for (int i = 0; i < Spin.FIRST_CREDIT; i++) {
      assertThat(givesWay.begin(Long.MAX_VALUE)).isTrue();
      Thread.sleep(1);
      givesWay.end(true);
    }
    assertThat(givesWay.begin(Long.MAX_VALUE)).isFalse();
  }

  @Test
  void a_limit_of_nothing_is_no_spin() {
    spin.limit(0);
    assertThat(spin.begin(Long.MAX_VALUE)).isFalse();
    assertThat(spin.beginsSleep()).isEqualTo(0);
    spin.limit(1_000);
    assertThat(spin.begin(Long.MAX_VALUE)).isTrue();
    spin.end(true);
  }

  @Test
  void the_environments_limit_is_a_number_of_microseconds_up_to_a_millisecond() {
    assertThat(Spin.limitNanos(null)).isEqualTo(50_000);
    assertThat(Spin.limitNanos("0")).isEqualTo(0);
    assertThat(Spin.limitNanos(" 20 ")).isEqualTo(20_000);
    assertThat(Spin.limitNanos("5000")).isEqualTo(1_000_000);
    assertThat(Spin.limitNanos("-1")).isEqualTo(50_000);
    assertThat(Spin.limitNanos("many")).isEqualTo(50_000);
  }
}
