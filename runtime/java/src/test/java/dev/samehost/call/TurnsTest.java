package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who goes on with the turns of a reader, which is this thread. */
final class TurnsTest {
  private final List<Runnable> reliefs = new ArrayList<>();
  private int readOn;
  private final Turns turns =
      new Turns(
          new BackgroundReader.Crew(
              task -> {
                reliefs.add(task);
                return new Thread(() -> {});
              },
              true,
              false),
          () -> readOn++);

  @BeforeEach
  void begin() {
    turns.by(Thread.currentThread());
    assertThat(turns.claimWatch()).isTrue(); // nobody else looks after them
  }

  @Test
  void aTaskThatReturnsIsFollowedByTheNext() {
    long turn = turns.begin(() -> {});
    assertThat(Turns.isInside(turns.now())).isTrue();
    assertThat(turns.end(turn)).isTrue();
    assertThat(Turns.isInside(turns.now())).isFalse();
    turns.relieve(turn);
    assertThat(reliefs).isEmpty();
  }

  @Test
  void aReliefThatIsSoonerGoesOnAlone() {
    long turn = turns.begin(() -> {});
    turns.relieve(turn);
    turns.relieve(turn);
    assertThat(reliefs).hasSize(1);
    reliefs.get(0).run();
    assertThat(readOn).isEqualTo(1);
    assertThat(turns.end(turn)).isFalse();
  }

  @Test
  void aReliefThatIsTooLateLeavesItAtThat() {
    long turn = turns.begin(() -> {});
    turns.relieve(turn);
    assertThat(turns.end(turn)).isTrue();
    reliefs.get(0).run();
    assertThat(readOn).isEqualTo(0);
  }

  @Test
  void nobodyRelievesATaskThatHasPaused() {
    long begun = turns.begin(() -> {});
    turns.relieve(begun); // who comes too late, as it pauses before
    assertThat(turns.pause()).isTrue();
    reliefs.get(0).run();
    turns.relieve(turns.now() - 1);
    turns.aboutToWait();
    long turn = turns.resume();
    assertThat(turn).isNotEqualTo(begun);
    reliefs.get(0).run();
    assertThat(reliefs).hasSize(1);
    assertThat(readOn).isEqualTo(0);
    assertThat(turns.end(turn)).isTrue();
  }

  @Test
  void aTaskThatHasGoneOnIsRelievedAsAnyOther() {
    turns.relieve(turns.begin(() -> {}));
    assertThat(turns.pause()).isTrue();
    long turn = turns.resume();
    turns.aboutToWait();
    assertThat(reliefs).hasSize(2);
    reliefs.get(1).run();
    assertThat(readOn).isEqualTo(1);
    assertThat(turns.end(turn)).isFalse();
  }

  @Test
  void whoWasRelievedDoesNotPause() {
    long turn = turns.begin(() -> {});
    turns.relieve(turn);
    reliefs.get(0).run();
    assertThat(turns.pause()).isFalse();
    turns.by(new Thread(() -> {}));
    turns.begin(() -> {}); // of who goes on
    assertThat(turns.pause()).isFalse();
  }
}
