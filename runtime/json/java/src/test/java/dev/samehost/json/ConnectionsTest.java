package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.samehost.SamehostServerBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How requests follow each other on a connection, and how many there may be. */
@Timeout(120)
final class ConnectionsTest {
  private static final String TYPE = "content-type: application/json";

  private static String named(int number) {
    return "{\"name\":\"" + number + "\"}";
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void requestsSentAheadAreCalledAndAnsweredOneAfterTheOther(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      setting.start(Types.unary(held::handle));
      Client client = setting.connect();
      for (int i = 0; i < 5; i++) {
        client.send(Client.request(Types.UNARY, named(i)));
      }
      for (int i = 0; i < 5; i++) {
        Held.Open open = held.next();
        assertThat(open.request().getName()).isEqualTo(Integer.toString(i));
        TimeUnit.MILLISECONDS.sleep(20);
        assertThat(held.hasMore()).isFalse();
        open.answer();
        assertThat(client.answer().text()).isEqualTo(named(i));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void thousandsSentAheadAreAllAnswered(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client client = setting.connect();
      String all = "";
      for (int i = 0; i < 100; i++) {
        all += Client.request(Types.UNARY, named(i)) + Client.head("GET / HTTP/1.1");
      }
      String sent = all;
      Thread sending =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 30; i++) {
                    client.send(sent);
                  }
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      sending.start();
      for (int i = 0; i < 3_000; i++) {
        assertThat(client.answer().text()).isEqualTo(named(i % 100));
        assertThat(client.answer().status()).isEqualTo(405);
      }
      sending.join();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aConnectionIsKeptOrClosedAsTheClientSays(Setting.Case which) throws Exception {
    String length = "content-length: 2";
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client client = setting.connect();
      assertThat(client.call(Types.UNARY, "{}").header("connection")).isNull();
      Client.Answer answer = client.call(Types.UNARY, "{}", "connection: close");
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.ends()).isTrue();

      String old = "POST " + Types.UNARY + " HTTP/1.0";
      client = setting.connect();
      client.send(Client.head(old, TYPE, length, "connection: keep-alive") + "{}");
      assertThat(client.answer().header("connection")).isEqualTo("keep-alive");
      client.send(Client.head(old, TYPE, length) + "{}");
      answer = client.answer();
      assertThat(answer.text()).isEqualTo("{}");
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.ends()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatAsksIsToldToContinueOrWhyNot(Setting.Case which) throws Exception {
    String line = "POST " + Types.UNARY + " HTTP/1.1";
    String expect = "expect: 100-continue";
    try (Setting setting = new Setting(which)) {
      setting.start(setting.server().maxInboundMessageSize(1_000).addService(Types.echo()));
      Client client = setting.connect();
      client.send(Client.head(line, TYPE, "content-length: 2", expect));
      assertThat(client.answer().head()).containsExactly("HTTP/1.1 100 Continue");
      client.send("{}");
      assertThat(client.answer().text()).isEqualTo("{}");

      client.send(Client.head(line, "content-type: text/plain", "content-length: 2", expect));
      assertThat(client.answer().status()).isEqualTo(415);
      client = setting.connect();
      client.send(Client.head(line, TYPE, "content-length: 1001", expect));
      assertThat(client.answer().status()).isEqualTo(429);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aRequestMayComeByteByByte(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client client = setting.connect();
      for (int i = 0; i < 2; i++) {
        for (byte each : Client.request(Types.UNARY, named(i)).getBytes(UTF_8)) {
          client.send(new byte[] {each});
          TimeUnit.MILLISECONDS.sleep(1);
        }
        assertThat(client.answer().text()).isEqualTo(named(i));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aConnectionMayBeIdleBetweenRequestsAndWhileACallIsOpen(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      SamehostServerBuilder server = setting.server().handshakeTimeout(200, TimeUnit.MILLISECONDS);
      setting.start(server.addService(Types.unary(held::handle)));
      Client client = setting.connect();
      for (int i = 0; i < 2; i++) {
        client.send(Client.request(Types.UNARY, named(i)));
        Held.Open open = held.next();
        TimeUnit.MILLISECONDS.sleep(600);
        open.answer();
        assertThat(client.answer().text()).isEqualTo(named(i));
        TimeUnit.MILLISECONDS.sleep(600);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void sixtyFourConnectionsHaveTheirCallsOpenAtOnce(Setting.Case which) throws Exception {
    Held held = new Held();
    try (Setting setting = new Setting(which)) {
      setting.start(Types.unary(held::handle));
      List<Client> clients = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        clients.add(setting.connect());
        clients.get(i).send(Client.request(Types.UNARY, named(i)));
      }
      List<Held.Open> open = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        open.add(held.next());
      }
      open.forEach(Held.Open::answer);
      for (int i = 0; i < 64; i++) {
        assertThat(clients.get(i).answer().text()).isEqualTo(named(i));
      }
    }
  }
}
