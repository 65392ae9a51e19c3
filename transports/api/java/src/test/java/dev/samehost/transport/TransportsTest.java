package dev.samehost.transport;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class TransportsTest {
  @Test
  void names_the_schemes_there_are_when_none_fits() {
    LinkException refusal =
        assertThrows(
            LinkException.class, () -> Transports.find(new Address("smoke", "over the hill")));
    assertThat(refusal.fault()).isEqualTo(Fault.SCHEME_UNKNOWN);
    assertThat(refusal)
        .hasMessageThat()
        .startsWith(
            "address smoke:over the hill: no transport has the scheme smoke; found: first, last.");
  }

  @Test
  void finds_a_transport_by_the_scheme_of_the_address() throws LinkException {
    assertThat(Transports.find(new Address("last", ""))).isInstanceOf(LastTransport.class);
    assertThat(Transports.find(new Address("first", ""))).isInstanceOf(FirstTransport.class);
  }

  @Test
  void an_option_has_its_default_until_it_is_set() {
    TransportOptions.Key<Integer> key = TransportOptions.Key.of("test.size", 3);
    TransportOptions.Key<Integer> sameName = TransportOptions.Key.of("test.size", 4);
    TransportOptions options = TransportOptions.NONE.with(key, 5);
    assertThat(TransportOptions.NONE.get(key)).isEqualTo(3);
    assertThat(options.get(key)).isEqualTo(5);
    assertThat(options.with(key, 6).get(key)).isEqualTo(6);
    assertThat(options.get(sameName)).isEqualTo(4);
  }

  /** A transport that is found and not used. */
  public static class FirstTransport implements Transport {
    @Override
    public String scheme() {
      return "first";
    }

    @Override
    public Connector connector(Address address, TransportOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Listener listener(Address address, TransportOptions options) {
      throw new UnsupportedOperationException();
    }
  }

  /** Another one. */
  public static final class LastTransport extends FirstTransport {
    @Override
    public String scheme() {
      return "last";
    }
  }
}
