package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that begin as HTTP/1 does, and go on otherwise, harm nobody. */
@Timeout(120)
final class HostileTest {
  private static final String POST = "POST " + Types.UNARY + " HTTP/1.1";
  private static final String TYPE = "content-type: application/json";
  private static final String CHUNKED = "transfer-encoding: chunked";
  private static final int LIMIT = 100_000;

  private Setting setting;

  @BeforeEach
  void serve() throws IOException {
    setting = new Setting(Setting.Case.UNIX);
    setting.start(
        setting
            .server()
            .handshakeTimeout(500, TimeUnit.MILLISECONDS)
            .maxInboundMessageSize(LIMIT)
            .addService(Types.echo()));
  }

  @AfterEach
  void others() throws Exception {
    assertThat(setting.connect().call(Types.UNARY, "{}").text()).isEqualTo("{}");
    setting.close();
  }

  private Client.Answer answer(String sent) throws IOException {
    Client client = setting.connect();
    client.send(sent);
    Client.Answer answer = client.answer();
    assertThat(answer.header("connection")).isEqualTo("close");
    client.close(); // it would be left a moment later
    return answer;
  }

  @Test
  void aConnectionThatIsToEndDoes() throws Exception {
    Client client = setting.connect();
    client.send("POST / nonsense\r\n\r\n");
    assertThat(client.answer().status()).isEqualTo(400);
    assertThat(client.ends()).isTrue();
  }

  @Test
  void malformedHttpIsAnsweredAndItsConnectionClosed() throws Exception {
    for (String sent :
        new String[] {
          "POST /\r\n\r\n",
          "POST / HTTP/1.1\r\nno colon\r\n\r\n",
          "POST / HTTP/1.1\r\na\u0000b: c\r\n\r\n",
          "POST / nonsense\r\n\r\n",
          Client.head(POST, TYPE, "content-length: x"),
          Client.head(POST, TYPE, "content-length: -1"),
          Client.head(POST, TYPE, "content-length: 1", "content-length: 2"),
          Client.head(POST, TYPE, CHUNKED) + "nonsense\r\n",
          Client.head(POST, TYPE, CHUNKED) + "-1\r\n",
        }) {
      Client.Answer answer = answer(sent);
      assertWithMessage(sent).that(answer.status()).isEqualTo(400);
      assertThat(answer.code()).isEqualTo("invalid_argument");
      assertThat(answer.message()).startsWith("malformed HTTP: ");
    }
  }

  @Test
  void aHeadThatIsTooLongIsRefused() throws Exception {
    assertThat(answer("POST /" + "x".repeat(200_000)).status()).isEqualTo(431);
    assertThat(answer(POST + "\r\na: " + "x".repeat(200_000)).status()).isEqualTo(431);
    assertThat(answer(POST + "\r\n" + "a: b\r\n".repeat(50_000)).status()).isEqualTo(431);
  }

  @Test
  void metadataAboveTheLimitFailTheirCall() throws Exception {
    Client client = setting.connect();
    Client.Answer answer = client.call(Types.UNARY, "{}", "a: " + "x".repeat(9_000));
    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.message()).startsWith("metadata of ");
    assertThat(client.call(Types.UNARY, "{}").status()).isEqualTo(200);
  }

  @Test
  void aBodyThatSaysItIsTooLargeIsRefusedBeforeItComes() throws Exception {
    for (String length : new String[] {"100001", "9223372036854775807"}) {
      Client.Answer answer = answer(Client.head(POST, TYPE, "content-length: " + length));
      assertThat(answer.status()).isEqualTo(429);
      assertThat(answer.code()).isEqualTo("resource_exhausted");
      assertThat(answer.message())
          .contains("exceeds maximum of 100000 bytes that the server takes");
    }
  }

  @Test
  void aBodyThatBecomesTooLargeIsRefusedThen() throws Exception {
    String piece = "3e8\r\n" + "x".repeat(1_000) + "\r\n";
    for (String type : new String[] {TYPE, "content-type: text/plain"}) {
      Client.Answer answer = answer(Client.head(POST, type, CHUNKED) + piece.repeat(101));
      assertThat(answer.status()).isEqualTo(429);
      assertThat(answer.message())
          .contains("exceeds maximum of 100000 bytes that the server takes");
    }
    Client client = setting.connect();
    String json = "{\"name\":\"" + "x".repeat(LIMIT - 11) + "\"}";
    assertThat(client.call(Types.UNARY, json).text()).isEqualTo(json);
  }

  @Test
  void anAnswerComesThoughTheClientIsStillSending() throws Exception {
    Client client = setting.connect();
    client.send(Client.head(POST, TYPE, "content-length: 5000000"));
    try {
      for (int i = 0; i < 5; i++) {
        client.send("x".repeat(1_000_000));
      }
    } catch (IOException e) {
      // Its patience has an end.
    }
    assertThat(client.answer().status()).isEqualTo(429);
  }

  @Test
  void aClientThatDoesNotStopSendingIsLeft() throws Exception {
    Client client = setting.connect();
    client.send(Client.head(POST, TYPE, "content-length: 5000000"));
    assertThat(client.answer().status()).isEqualTo(429);
    long start = System.nanoTime();
    IOException failure = null;
    while (failure == null) {
      try {
        client.send("x".repeat(1_000));
        TimeUnit.MILLISECONDS.sleep(1);
      } catch (IOException e) {
        failure = e;
      }
    }
    assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
  }

  @Test
  void tenThousandsOfChunksAreOneBody() throws Exception {
    Client client = setting.connect();
    client.send(
        Client.head(POST, TYPE, CHUNKED) + "1\r\n \r\n".repeat(60_000) + "2\r\n{}\r\n0\r\n\r\n");
    assertThat(client.answer().text()).isEqualTo("{}");
  }

  @Test
  void aHeadThatDoesNotComeInTimeClosesItsConnection() throws Exception {
    Client client = setting.connect();
    client.send("POST /");
    assertThat(client.ends()).isTrue();

    client = setting.connect();
    assertThat(client.call(Types.UNARY, "{}").status()).isEqualTo(200);
    client.send("POST /");
    assertThat(client.ends()).isTrue();
  }

  @Test
  void aHeadThatComesInDropsClosesItsConnection() throws Exception {
    Client client = setting.connect();
    client.send("POST /");
    long start = System.nanoTime();
    IOException failure = null;
    while (failure == null) {
      try {
        client.send("x");
        TimeUnit.MILLISECONDS.sleep(50);
      } catch (IOException e) {
        failure = e;
      }
    }
    assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
  }

  @Test
  void aHeadThatBeginsWhileACallIsOpenDoesNotEndTheCall() throws Exception {
    Held held = new Held();
    try (Setting other = new Setting(Setting.Case.UNIX)) {
      other.start(
          other
              .server()
              .handshakeTimeout(300, TimeUnit.MILLISECONDS)
              .addService(Types.unary(held::handle)));
      Client client = other.connect();
      client.send(Client.request(Types.UNARY, "{}"));
      Held.Open open = held.next();
      client.send("POST /");
      TimeUnit.MILLISECONDS.sleep(900);
      open.answer();
      assertThat(client.answer().text()).isEqualTo("{}");
    }
  }

  @Test
  void aBodyOfWhichNothingComesClosesItsConnection() throws Exception {
    Client client = setting.connect();
    client.send(Client.head(POST, TYPE, "content-length: 10") + "{");
    assertThat(client.ends()).isTrue();
  }

  @Test
  void aBodyThatComesSlowlyButComesIsAwaited() throws Exception {
    Client client = setting.connect();
    client.send(Client.head(POST, TYPE, "content-length: 10"));
    for (int i = 0; i < 8; i++) {
      TimeUnit.MILLISECONDS.sleep(100);
      client.send(" ");
    }
    client.send("{}");
    assertThat(client.answer().text()).isEqualTo("{}");
  }

  @Test
  void aRequestWithTwoLengthsIsNotReadInTwoWays() throws Exception {
    Client client = setting.connect();
    client.send(Client.head(POST, TYPE, "content-length: 4", CHUNKED) + "2\r\n{}\r\n0\r\n\r\n");
    Client.Answer answer = client.answer();
    assertThat(answer.status()).isAnyOf(200, 400);
    if (answer.status() == 200) {
      assertThat(answer.text()).isEqualTo("{}");
    }
  }

  @Test
  void nonsenseBehindARequestLineHarmsNobody() throws Exception {
    Random random = new Random(7);
    String request = Client.request(Types.UNARY, "{\"name\":\"Ada\"}");
    for (int i = 0; i < 300; i++) {
      byte[] bytes = request.getBytes(ISO_8859_1);
      for (int j = 0; j <= random.nextInt(4); j++) {
        bytes[6 + random.nextInt(bytes.length - 6)] = (byte) random.nextInt(256);
      }
      try (Client client = setting.connect()) {
        client.send(bytes);
        client.shutdownOutput();
        while (client.next() >= 0) {}
      } catch (IOException e) {
        // It was broken, which is as good.
      }
    }
  }
}
