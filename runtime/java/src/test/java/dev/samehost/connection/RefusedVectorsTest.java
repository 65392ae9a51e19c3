package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.samehost.wire.GoAwayCode;
import dev.samehost.wire.Vectors;
import dev.samehost.wire.WireException;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Replays proto/vectors/refused.json: what must be refused, and with which error. */
final class RefusedVectorsTest {
  @TestFactory
  Stream<DynamicTest> everyRefusal() {
    return tests(Integer.MAX_VALUE / 2);
  }

  @TestFactory
  Stream<DynamicTest> everyRefusalByteByByte() {
    return tests(1);
  }

  private static Stream<DynamicTest> tests(int pieceBytes) {
    return Vectors.read("refused.json").stream()
        .map(
            json ->
                DynamicTest.dynamicTest(
                    Vectors.string(json, "name"), () -> replay(json, pieceBytes)));
  }

  private static void replay(JsonObject json, int pieceBytes) throws WireException {
    Replay replay = new Replay(json, pieceBytes);
    replay.steps(json.getAsJsonArray("setup"));
    replay.receive(Vectors.bytes(json, "receive"));
    if (Vectors.flag(json, "receive_end")) {
      replay.receiveEnd();
    }
    if (json.has("events_before")) {
      for (JsonElement event : json.getAsJsonArray("events_before")) {
        Replay.assertEvent(replay.nextEvent(), event.getAsJsonObject());
      }
    }
    assertThat(replay.connection.state()).isEqualTo(ConnectionState.CLOSED);
    if (json.has("goaway")) {
      assertThat(replay.lastGoAway()).isEqualTo(GoAwayCode.valueOf(Vectors.string(json, "goaway")));
    }
    if (json.has("fault")) {
      assertThat(replay.takeSent()).isEmpty();
      String fault = replay.connection.fault().fault().name();
      assertThat(fault.toLowerCase(Locale.ROOT)).isEqualTo(Vectors.string(json, "fault"));
    }
    assertEndsWithClosed(replay);
  }

  private static void assertEndsWithClosed(Replay replay) {
    Event last = null;
    for (Event event = replay.nextEvent(); event != null; event = replay.nextEvent()) {
      assertThat(last).isNotInstanceOf(Event.Closed.class);
      last = event;
    }
    assertThat(last).isInstanceOf(Event.Closed.class);
  }
}
