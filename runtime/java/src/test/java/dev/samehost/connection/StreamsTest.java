package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.transport.Code;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Ids that wrap, and the table of open streams. */
final class StreamsTest {
  @Test
  void idsAreOddForTheConnectorAndEvenForTheAcceptor() {
    Streams connector = new Streams(Side.CONNECTOR, 0);
    Streams acceptor = new Streams(Side.ACCEPTOR, 0);
    assertThat(List.of(connector.takeId(), connector.takeId())).containsExactly(1, 3).inOrder();
    assertThat(List.of(acceptor.takeId(), acceptor.takeId())).containsExactly(2, 4).inOrder();
  }

  @Test
  void idsWrapPastZero() {
    Streams connector = new Streams(Side.CONNECTOR, -1);
    assertThat(List.of(connector.takeId(), connector.takeId())).containsExactly(-1, 1).inOrder();
    Streams acceptor = new Streams(Side.ACCEPTOR, -2);
    assertThat(List.of(acceptor.takeId(), acceptor.takeId())).containsExactly(-2, 2).inOrder();
  }

  @Test
  void aStreamThatIsStillOpenAfterTheWrapIsSkipped() {
    Streams streams = new Streams(Side.CONNECTOR, -1);
    streams.add(new Stream(1, true, 0, 0));
    streams.add(new Stream(3, true, 0, 0));
    assertThat(streams.takeId()).isEqualTo(-1);
    assertThat(streams.takeId()).isEqualTo(5);
  }

  @Test
  void laterMeansWithinHalfTheCircle() {
    assertThat(Streams.isLater(3, 1)).isTrue();
    assertThat(Streams.isLater(1, 3)).isFalse();
    assertThat(Streams.isLater(1, 1)).isFalse();
    assertThat(Streams.isLater(1, -1)).isTrue();
    assertThat(Streams.isLater(-1, 1)).isFalse();
    assertThat(Streams.isLater(Integer.MIN_VALUE, 1)).isTrue();
    assertThat(Streams.isLater(Integer.MIN_VALUE + 1, 1)).isFalse();
  }

  @Test
  void nothingWasOpenedBeforeTheFirst() {
    Streams streams = new Streams(Side.CONNECTOR, 0);
    assertThat(streams.wasOpened(1)).isFalse();
    assertThat(streams.wasOpened(-1)).isFalse();
    assertThat(streams.wasOpened(2)).isFalse();
    assertThat(streams.takePeerId(2)).isTrue();
    streams.takeId();
    assertThat(streams.wasOpened(1)).isTrue();
    assertThat(streams.wasOpened(2)).isTrue();
    assertThat(streams.wasOpened(3)).isFalse();
    assertThat(streams.wasOpened(4)).isFalse();
  }

  @Test
  void aConnectionNeverRunsOutOfIds() {
    Settings connector = Settings.of("test:c", Pair.HELLO).withFirstStream(-2_001);
    Pair pair = new Pair(connector, Settings.of("test:s", Pair.HELLO).withFirstStream(-2_000));
    for (Pair.Half half : List.of(pair.client, pair.server)) {
      half.watcher =
          event -> {
            if (event instanceof Event.Reset reset) {
              half.connection.served(reset.stream());
            }
          };
    }
    Stream longest = pair.client.call("/t.S/Long");
    pair.run();
    for (int i = 0; i < 2_000; i++) {
      Stream call = pair.client.call("/t.S/M");
      Stream back = pair.server.call("/t.S/M");
      pair.run();
      pair.client.connection.reset(call, Code.CANCELLED, "");
      pair.server.connection.reset(back, Code.CANCELLED, "");
      pair.run();
    }
    assertThat(longest.state()).isEqualTo(StreamState.OPEN);
    assertThat(pair.server.all(Event.Opened.class)).hasSize(2_001);
    assertThat(pair.client.all(Event.Opened.class)).hasSize(2_000);
  }

  @Test
  void theTableFindsWhatIsInItAndNothingElse() {
    Random random = new Random(42);
    Streams streams = new Streams(Side.CONNECTOR, 0);
    Map<Integer, Stream> expected = new HashMap<>();
    for (int step = 0; step < 50_000; step++) {
      int id = random.nextInt(200) * (random.nextBoolean() ? 1 : 64) + 1;
      Stream known = expected.get(id);
      assertThat(streams.find(id)).isSameInstanceAs(known);
      if (known == null && expected.size() < 150) {
        Stream added = new Stream(id, (id & 1) == 1, 0, 0);
        streams.add(added);
        expected.put(id, added);
      } else if (known != null) {
        streams.remove(known);
        expected.remove(id);
      }
      assertThat(streams.open()).isEqualTo(expected.size());
    }
    assertThat(new ArrayList<>(List.of(streams.all())))
        .containsExactlyElementsIn(expected.values());
    assertThrows(IllegalStateException.class, () -> streams.remove(new Stream(9_999, true, 0, 0)));
  }

  @Test
  void statesOnlyGoForward() {
    assertThat(StreamState.OPEN.to(StreamState.HALF_CLOSED)).isEqualTo(StreamState.HALF_CLOSED);
    assertThat(StreamState.OPEN.to(StreamState.CLOSED)).isEqualTo(StreamState.CLOSED);
    for (StreamState next : StreamState.values()) {
      assertThrows(IllegalStateException.class, () -> StreamState.CLOSED.to(next));
    }
    for (ConnectionState next : ConnectionState.values()) {
      assertThrows(IllegalStateException.class, () -> ConnectionState.CLOSED.to(next));
    }
    assertThrows(
        IllegalStateException.class, () -> ConnectionState.OPEN.to(ConnectionState.AWAIT_HELLO));
    assertThrows(
        IllegalStateException.class, () -> ConnectionState.AWAIT_PREFACE.to(ConnectionState.OPEN));
  }
}
