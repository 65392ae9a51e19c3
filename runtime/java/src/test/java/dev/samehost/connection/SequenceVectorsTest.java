package dev.samehost.connection;

import com.google.gson.JsonObject;
import dev.samehost.wire.Vectors;
import dev.samehost.wire.WireException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Replays proto/vectors/sequences.json: what one side says and sees, step by step. */
final class SequenceVectorsTest {
  @TestFactory
  Stream<DynamicTest> everySequence() {
    return tests(Integer.MAX_VALUE / 2);
  }

  @TestFactory
  Stream<DynamicTest> everySequenceByteByByte() {
    return tests(1);
  }

  @TestFactory
  Stream<DynamicTest> everySequenceInSevens() {
    return tests(7);
  }

  private static Stream<DynamicTest> tests(int pieceBytes) {
    return Vectors.read("sequences.json").stream()
        .map(
            json ->
                DynamicTest.dynamicTest(
                    Vectors.string(json, "name"), () -> replay(json, pieceBytes)));
  }

  private static void replay(JsonObject json, int pieceBytes) throws WireException {
    Replay replay = new Replay(json, pieceBytes);
    replay.steps(json.getAsJsonArray("steps"));
    replay.assertNothingLeft();
  }
}
