package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import org.junit.jupiter.api.Test;

/** What a call asks for. */
final class RequestTest {
  @Test
  void aCallThatLivesLongMayAskForMoreMessagesThanAnIntCounts() {
    Pair pair = new Pair();
    Request request = new Request("/t.S/M");
    Stream stream = request.open(pair.client.connection, Stream.NO_DEADLINE, null);
    for (int i = 0; i < 3; i++) {
      request.want(Integer.MAX_VALUE);
      request.push(pair.client.connection, stream);
    }
    assertThat(stream.inbox.requested()).isEqualTo(3L * Integer.MAX_VALUE);
    request.want(7);
    request.push(pair.client.connection, stream);
    assertThat(stream.inbox.requested()).isEqualTo(3L * Integer.MAX_VALUE + 7);
  }

  @Test
  void aStreamThatIsOpenedLateIsAskedForAllThatWasWantedBefore() {
    Pair pair = new Pair();
    Request request = new Request("/t.S/M");
    request.want(Integer.MAX_VALUE);
    request.want(Integer.MAX_VALUE);
    Stream stream = request.open(pair.client.connection, Stream.NO_DEADLINE, null);
    assertThat(stream.inbox.requested()).isEqualTo(2L * Integer.MAX_VALUE);
  }
}
