package dev.samehost.transport;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Compares {@link Fault} with the catalogue that all languages share. */
final class FaultCatalogueTest {
  private final List<JsonObject> catalogue = read();

  @Test
  void has_the_faults_of_the_catalogue_in_its_order_and_no_others() {
    List<String> names =
        Arrays.stream(Fault.values()).map(fault -> fault.name().toLowerCase(Locale.ROOT)).toList();
    assertThat(names)
        .containsExactlyElementsIn(
            catalogue.stream().map(entry -> entry.get("fault").getAsString()).toList())
        .inOrder();
  }

  @Test
  void has_the_codes_and_templates_of_the_catalogue() {
    for (JsonObject entry : catalogue) {
      Fault fault = fault(entry);
      assertWithMessage("code of %s", fault)
          .that(fault.code().name())
          .isEqualTo(entry.get("code").getAsString());
      assertWithMessage("template of %s", fault)
          .that(fault.template())
          .isEqualTo(entry.get("template").getAsString());
    }
  }

  @Test
  void fills_in_the_examples_of_the_catalogue() {
    for (JsonObject entry : catalogue) {
      Object[] values =
          entry.getAsJsonArray("example").asList().stream().map(JsonElement::getAsString).toArray();
      LinkException exception = fault(entry).with(values);
      assertThat(exception).hasMessageThat().isEqualTo(entry.get("text").getAsString());
      assertThat(exception.fault()).isEqualTo(fault(entry));
      assertThat(exception.code()).isEqualTo(fault(entry).code());
    }
  }

  @Test
  void keeps_braces_in_values_as_they_are() {
    assertThat(Fault.CHANNEL_SHUTDOWN.text("unix:/{a}/{b")).startsWith("unix:/{a}/{b: the channel");
  }

  @Test
  void refuses_too_few_and_too_many_values() {
    assertThrows(IllegalArgumentException.class, () -> Fault.CHANNEL_SHUTDOWN.text());
    assertThrows(IllegalArgumentException.class, () -> Fault.CHANNEL_SHUTDOWN.text("a", "b"));
  }

  private static Fault fault(JsonObject entry) {
    return Fault.valueOf(entry.get("fault").getAsString().toUpperCase(Locale.ROOT));
  }

  private static List<JsonObject> read() {
    Path file = Path.of(System.getProperty("samehost.repository"), "proto/vectors/faults.json");
    try (Reader reader = Files.newBufferedReader(file)) {
      JsonArray entries = JsonParser.parseReader(reader).getAsJsonArray();
      List<JsonObject> objects = new ArrayList<>();
      entries.forEach(entry -> objects.add(entry.getAsJsonObject()));
      return objects;
    } catch (IOException e) {
      throw new AssertionError("cannot read " + file, e);
    }
  }
}
