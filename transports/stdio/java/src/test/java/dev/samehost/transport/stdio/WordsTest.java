package dev.samehost.transport.stdio;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Splits every command of the vectors that all languages share. */
final class WordsTest {
  @TestFactory
  Stream<DynamicTest> splits_as_the_vectors_say() throws IOException {
    Path file = Path.of(System.getProperty("samehost.repository"), "proto/vectors/words.json");
    try (Reader reader = Files.newBufferedReader(file)) {
      return StreamSupport.stream(
              JsonParser.parseReader(reader).getAsJsonArray().spliterator(), false)
          .map(JsonElement::getAsJsonObject)
          .map(vector -> DynamicTest.dynamicTest(name(vector), () -> check(vector)));
    }
  }

  private static String name(JsonObject vector) {
    return vector.get("name").getAsString();
  }

  private static void check(JsonObject vector) {
    String text = vector.get("text").getAsString();
    if (vector.has("reason")) {
      IllegalArgumentException refusal =
          assertThrows(IllegalArgumentException.class, () -> Words.split(text));
      assertThat(refusal).hasMessageThat().isEqualTo(vector.get("reason").getAsString());
    } else {
      assertThat(Words.split(text))
          .containsExactlyElementsIn(
              vector.getAsJsonArray("words").asList().stream()
                  .map(JsonElement::getAsString)
                  .toList())
          .inOrder();
    }
  }
}
