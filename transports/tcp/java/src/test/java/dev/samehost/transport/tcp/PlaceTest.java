package dev.samehost.transport.tcp;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.TransportOptions;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an address names, and what is allowed of it. */
final class PlaceTest {
  private static final TransportOptions ALLOWED =
      TransportOptions.NONE.with(TcpOptions.PLAIN_TEXT_BEYOND_HOST, true);

  @Test
  void hosts_and_ports_are_found_as_the_vectors_say() throws Exception {
    Path path = Path.of(System.getProperty("samehost.repository"), "proto/vectors/hosts.json");
    var vectors = JsonParser.parseString(Files.readString(path)).getAsJsonArray();
    assertThat(vectors.size()).isGreaterThan(10);
    for (JsonElement element : vectors) {
      JsonObject vector = element.getAsJsonObject();
      Address address = new Address("tcp", vector.get("text").getAsString());
      if (vector.has("reason")) {
        LinkException refusal =
            assertThrows(LinkException.class, () -> Place.of(address, ALLOWED), address::toString);
        assertThat(refusal)
            .hasMessageThat()
            .isEqualTo(Fault.ADDRESS_MALFORMED.text(address, vector.get("reason").getAsString()));
      } else {
        Place place = Place.of(address, ALLOWED);
        assertWithMessage(address.toString())
            .that(place.host() + " " + place.port())
            .isEqualTo(vector.get("host").getAsString() + " " + vector.get("port").getAsInt());
      }
    }
  }

  @Test
  void the_older_family_goes_first_in_the_order_of_the_resolver() throws Exception {
    InetAddress a = NetUtil.createInetAddressFromIpAddressString("::1");
    InetAddress b = NetUtil.createInetAddressFromIpAddressString("127.0.0.2");
    InetAddress c = NetUtil.createInetAddressFromIpAddressString("::2");
    InetAddress d = NetUtil.createInetAddressFromIpAddressString("127.0.0.1");
    assertThat(Place.inOrder(a, b, b, c, d).toList()).containsExactly(b, d, a, c).inOrder();
  }

  @Test
  void all_addresses_of_localhost_are_of_this_host() throws Exception {
    Address address = Address.parse("tcp:localhost:4000");
    List<InetSocketAddress> found = Place.of(address, TransportOptions.NONE).resolve();
    for (InetSocketAddress one : found) {
      assertThat(one.getAddress().isLoopbackAddress()).isTrue();
      assertThat(one.getPort()).isEqualTo(4000);
    }
  }

  @Test
  void an_address_beyond_this_host_needs_the_option_on_either_side() throws Exception {
    TcpTransport transport = new TcpTransport();
    for (String[] one :
        new String[][] {
          {"tcp:10.1.2.3:4000", "10.1.2.3"},
          {"tcp:0.0.0.0:4000", "0.0.0.0"},
          {"tcp:[::]:4000", "::"},
          {"tcp:[2001:db8::7]:4000", "2001:db8::7"},
        }) {
      Address address = Address.parse(one[0]);
      for (LinkException refusal :
          new LinkException[] {
            assertThrows(
                LinkException.class, () -> transport.connector(address, TransportOptions.NONE)),
            assertThrows(
                LinkException.class, () -> transport.listener(address, TransportOptions.NONE)),
          }) {
        assertThat(refusal)
            .hasMessageThat()
            .isEqualTo(Fault.PLAIN_TEXT_BEYOND_HOST.text(address, one[1]));
      }
      transport.connector(address, ALLOWED).close();
      transport.listener(address, ALLOWED).close();
    }
    for (String loopback :
        List.of("tcp:127.3.2.1:4000", "tcp:[::1]:4000", "tcp:[::ffff:127.0.0.1]:4000")) {
      transport.connector(Address.parse(loopback), TransportOptions.NONE).close();
    }
  }

  @Test
  void a_client_needs_a_port() {
    Address address = new Address("tcp", "localhost:0");
    assertThat(
            assertThrows(LinkException.class, () -> Place.ofServer(address, TransportOptions.NONE)))
        .hasMessageThat()
        .isEqualTo(Fault.ADDRESS_MALFORMED.text(address, "a client needs another port than 0"));
  }
}
