package dev.samehost.transport;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AddressTest {
  @Test
  void splits_at_the_first_colon() throws LinkException {
    assertThat(Address.parse("stdio:python3 -c 'a:b'"))
        .isEqualTo(new Address("stdio", "python3 -c 'a:b'"));
  }

  @Test
  void lowers_the_scheme_and_leaves_the_rest() throws LinkException {
    assertThat(Address.parse("UNIX:/Run/App.sock").toString()).isEqualTo("unix:/Run/App.sock");
  }

  @Test
  void may_have_nothing_after_the_colon() throws LinkException {
    assertThat(Address.parse("stdio:")).isEqualTo(new Address("stdio", ""));
  }

  @Test
  void may_have_digits_and_signs_in_the_scheme() throws LinkException {
    assertThat(Address.parse("unix-abstract:x").scheme()).isEqualTo("unix-abstract");
    assertThat(Address.parse("a1+b.c:x").scheme()).isEqualTo("a1+b.c");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":", "/run/app.sock", ":x", "1a:x", "a b:x", "-a:x"})
  void refuses_what_has_no_scheme(String text) {
    LinkException refusal = assertThrows(LinkException.class, () -> Address.parse(text));
    assertThat(refusal.fault()).isEqualTo(Fault.ADDRESS_MALFORMED);
    assertThat(refusal.code()).isEqualTo(Code.INVALID_ARGUMENT);
    assertThat(refusal).hasMessageThat().startsWith("address " + text + ": it has no scheme.");
  }
}
