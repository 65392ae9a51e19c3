package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who stands among the calls that have begun. */
@Timeout(60)
final class RosterTest {
  private final Roster roster = new Roster();

  private static ClientStream call() {
    ClientStreamOptions options =
        new ClientStreamOptions(
            "/t.S/M", ClientStreamOptions.NO_DEADLINE, "", true, false, 0, Workers.pool(), null);
    return new ClientStream(null, options, null);
  }

  @Test
  void whoEntersStandsThereUntilHeLeaves() {
    ClientStream call = call();
    int place = roster.enter(call);
    assertThat(roster.all()).containsExactly(call);
    roster.leave(call, place);
    assertThat(roster.isEmpty()).isTrue();
  }

  @Test
  void moreCallsThanThereArePlacesStandThereToo() {
    List<ClientStream> calls = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      calls.add(call());
      places.add(roster.enter(calls.get(i)));
    }
    assertThat(places).contains(Roster.IN_THE_SET);
    assertThat(roster.all()).containsExactlyElementsIn(calls);
    for (int i = 0; i < 40; i++) {
      assertThat(roster.isEmpty()).isFalse();
      roster.leave(calls.get(i), places.get(i));
    }
    assertThat(roster.isEmpty()).isTrue();
  }

  @Test
  void whoDoesNotKnowWhereItStandsIsFound() {
    List<ClientStream> calls = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      calls.add(call());
      roster.enter(calls.get(i));
    }
    for (ClientStream call : calls) {
      roster.leave(call, Roster.NOWHERE);
      assertThat(roster.all()).doesNotContain(call);
    }
    assertThat(roster.isEmpty()).isTrue();
  }

  @Test
  void whoLeavesTwiceTakesNobodyElseAway() {
    ClientStream first = call();
    int place = roster.enter(first);
    roster.leave(first, place);
    ClientStream next = call();
    assertThat(roster.enter(next)).isEqualTo(place);
    roster.leave(first, place);
    roster.leave(first, Roster.NOWHERE);
    assertThat(roster.all()).containsExactly(next);
  }

  @Test
  void aCallThatNeverEnteredTakesNobodyAway() {
    ClientStream call = call();
    roster.enter(call);
    roster.leave(call(), Roster.NOWHERE);
    assertThat(roster.all()).containsExactly(call);
  }

  @Test
  void threadsThatComeAndGoAtOnceLoseNobody() throws InterruptedException {
    Set<ClientStream> stay = ConcurrentHashMap.newKeySet();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (int n = 0; n < 2_000; n++) {
                  ClientStream call = call();
                  int place = roster.enter(call);
                  if (n % 1_000 == 0) {
                    stay.add(call);
                  } else {
                    roster.leave(call, place);
                  }
                }
              });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(roster.all()).containsExactlyElementsIn(stay);
  }

  @Test
  void whetherAnybodyStandsThereIsToldWithoutCountingAll() {
    for (int i = 0; i < 100_000; i++) {
      roster.enter(call());
    }
    for (int i = 0; i < 100_000; i++) { // as often as calls end at a shutdown
      assertThat(roster.isEmpty()).isFalse();
    }
  }
}
