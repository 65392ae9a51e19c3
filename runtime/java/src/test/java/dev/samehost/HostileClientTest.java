package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.RawPeer.PREFACE;
import static dev.samehost.RawPeer.header;
import static dev.samehost.RawPeer.text;
import static dev.samehost.Setting.note;

import dev.samehost.test.EchoGrpc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever connects to a server: it loses its own connection, and nobody else's. */
@Timeout(2 * Setting.PATIENCE_SECONDS)
final class HostileClientTest {
  /** Flags of an OPEN, by PROTOCOL.md. */
  private static final int END = 1;

  private static final int MESSAGE = 2;
  private static final int PATH = 4;

  private static final String NO_METADATA = "0000";

  /** What a hostile client does, and what it is told. */
  private interface Client {
    void play(RawPeer peer) throws Exception;
  }

  private static void serverSurvives(Client client) throws Exception {
    serverSurvives(client, Setting.PATIENCE_SECONDS);
  }

  private static void serverSurvives(Client client, long helloSeconds) throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          setting
              .server()
              .addService(new EchoService())
              .handshakeTimeout(helloSeconds, TimeUnit.SECONDS));
      Path path = setting.folder().resolve("socket");
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      assertThat(stub.unary(note("before"))).isEqualTo(note("before"));
      try (RawPeer peer = RawPeer.connect(path)) {
        client.play(peer);
      }
      assertThat(stub.unary(note("after"))).isEqualTo(note("after"));
      assertThat(setting.blocking().unary(note("new"))).isEqualTo(note("new"));
    }
  }

  /**
   * Opens the first call: an OPEN with PATH and these flags besides, and with this behind its path.
   */
  private static void call(RawPeer peer, String method, int flags, String rest) throws Exception {
    String path = "/samehost.test.Echo/" + method;
    int restBytes = rest.replace(" ", "").length() / 2;
    peer.greet();
    peer.say(header(2 + path.length() + restBytes, 2, PATH | flags, 1, 1));
    peer.say(Integer.toHexString(path.length()) + "00" + text(path) + rest);
  }

  @Test
  void http2IsTurnedAway() throws Exception {
    serverSurvives(
        peer -> {
          peer.sayText("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
          peer.readAll();
        });
  }

  @Test
  void http1IsTurnedAway() throws Exception {
    serverSurvives(
        peer -> {
          peer.sayText("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
          peer.readAll();
        });
  }

  @Test
  void nonsenseIsTurnedAway() throws Exception {
    serverSurvives(
        peer -> {
          peer.sayText("EHLO mail.example.org\r\n");
          peer.readAll();
        });
  }

  @Test
  void aPrefaceWithoutHelloIsGivenUp() throws Exception {
    serverSurvives(
        peer -> {
          peer.say(PREFACE);
          assertThat(new String(peer.readAll(), StandardCharsets.ISO_8859_1))
              .contains("no HELLO within");
        },
        1);
  }

  @Test
  void aVersionFromTheFutureIsTold() throws Exception {
    serverSurvives(
        peer -> {
          peer.say(PREFACE + "04000000 01000000 00000000 00000000  08071009");
          peer.awaitHello();
          RawPeer.Frame goAway = peer.awaitFrame();
          assertThat(goAway.type()).isEqualTo(9);
          assertThat(goAway.payload()[0]).isEqualTo(4); // VERSION_MISMATCH
          assertThat(peer.readAll()).isEmpty();
        });
  }

  @Test
  void aMalformedFrameIsTold() throws Exception {
    serverSurvives(
        peer -> {
          peer.greet();
          peer.say(header(0, 99, 0, 1, 0));
          RawPeer.Frame goAway = peer.awaitFrame();
          assertThat(goAway.type()).isEqualTo(9);
          assertThat(goAway.payload()[0]).isEqualTo(1); // PROTOCOL_ERROR
          assertThat(peer.readAll()).isEmpty();
        });
  }

  @Test
  void aFrameCutShortEndsItsConnection() throws Exception {
    serverSurvives(
        peer -> {
          peer.greet();
          peer.say("0400000005");
          peer.endOutput();
          peer.readAll();
        });
  }

  @Test
  void aUnaryResponseIsOneFrame() throws Exception {
    serverSurvives(
        peer -> {
          call(peer, "Unary", END | MESSAGE, NO_METADATA);
          RawPeer.Frame answer = peer.awaitFrame();
          assertThat(answer.type()).isEqualTo(5);
          assertThat(answer.flags() & 0x42).isEqualTo(0x42); // HEADERS and MESSAGE
          assertThat(answer.word()).isEqualTo(0);
        });
  }

  @Test
  void aCallerThatEndsInMidCallCancelsItsCall() throws Exception {
    serverSurvives(
        peer -> {
          call(peer, "Chat", 0, NO_METADATA);
        });
  }

  @Test
  void aKeyThatGrpcCannotNameIsLeftOutAndTheCallIsServed() throws Exception {
    serverSurvives(
        peer -> {
          // One pair of metadata: the key "-bin" and a value of one byte.
          call(peer, "Unary", END | MESSAGE, "0100 0400 2D62696E 01000000 00");
          assertThat(peer.awaitFrame().word()).isEqualTo(0);
        });
  }

  @Test
  void aRequestThatIsNoMessageIsToldSo() throws Exception {
    serverSurvives(
        peer -> {
          // The message is one byte, which begins a number.
          call(peer, "Unary", END | MESSAGE, NO_METADATA + "FF");
          RawPeer.Frame answer = peer.awaitFrame();
          assertThat(answer.type()).isEqualTo(5);
          assertThat(answer.word()).isEqualTo(13); // INTERNAL
          assertThat(new String(answer.payload(), StandardCharsets.ISO_8859_1))
              .contains("the message of the client cannot be decoded: ");
        });
  }
}
