package dev.samehost.codegen;

import static com.google.common.truth.Truth.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Names of a proto as Java writes them. */
final class NamesTest {
  @Test
  void methodsAreInCamelCase() {
    assertThat(Names.camelCase("SayHello")).isEqualTo("sayHello");
    assertThat(Names.camelCase("say_hello")).isEqualTo("sayHello");
    assertThat(Names.camelCase("_Say__hello_")).isEqualTo("sayHello");
    assertThat(Names.camelCase("GetURL")).isEqualTo("getURL");
    assertThat(Names.camelCase("_1st")).isEqualTo("_1st");
    assertThat(Names.camelCase("_")).isEqualTo("_");
  }

  @Test
  void descriptorsAreInUpperCase() {
    assertThat(Names.constantCase("SayHello")).isEqualTo("SAY_HELLO");
    assertThat(Names.constantCase("say_hello")).isEqualTo("SAY_HELLO");
    assertThat(Names.constantCase("GetURLNow2")).isEqualTo("GET_URL_NOW2");
    assertThat(Names.constantCase("_1st")).isEqualTo("_1ST");
  }

  @Test
  void whatIsTakenOrAKeywordGetsAnUnderscore() {
    Set<String> taken = new HashSet<>();
    assertThat(Names.free("hello", taken)).isEqualTo("hello");
    assertThat(Names.free("hello", taken)).isEqualTo("hello_");
    assertThat(Names.free("import", taken)).isEqualTo("import_");
    assertThat(Names.free("_", taken)).isEqualTo("__");
  }
}
