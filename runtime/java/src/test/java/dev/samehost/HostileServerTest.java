package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.RawPeer.HELLO;
import static dev.samehost.RawPeer.PREFACE;
import static dev.samehost.RawPeer.header;
import static dev.samehost.RawPeer.status;
import static dev.samehost.RawPeer.text;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.unix.UnixOptions;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a caller is told when something else, or something broken, answers at the address. */
@Timeout(Setting.PATIENCE_SECONDS)
final class HostileServerTest {
  /**
   * The outcome of a blocking call to a raw server, which must fail by a fault of the catalogue.
   */
  private static Status callFails(RawPeer.Script script, Fault fault) throws Exception {
    return callFails(script, fault, Duration.ofSeconds(Setting.PATIENCE_SECONDS));
  }

  private static Status callFails(RawPeer.Script script, Fault fault, Duration helloTimeout)
      throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        RawPeer.Server server = RawPeer.serve(setting.folder().resolve("socket"), script)) {
      EchoGrpc.EchoBlockingStub stub =
          EchoGrpc.newBlockingStub(
              setting.open(
                  setting.channel().transportOption(UnixOptions.HELLO_TIMEOUT, helloTimeout)));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("hello?")));
      Status status = failure.getStatus();
      assertThat(status.getDescription()).contains(setting.address());
      assertThat(status.getCause()).isInstanceOf(LinkException.class);
      assertThat(((LinkException) status.getCause()).fault()).isEqualTo(fault);
      assertThat(status.getCode().name()).isEqualTo(fault.code().name());
      server.awaitFirstPlayed();
      return status;
    }
  }

  @Test
  void nobodyThere() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> setting.blocking().unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getStatus().getDescription())
          .isEqualTo(Fault.CONNECT_NO_SUCH_FILE.text(setting.address()));
    }
  }

  @Test
  void http2() throws Exception {
    callFails(
        (peer, n) -> {
          peer.say("000000 04 00 00000000");
          peer.readAll();
        },
        Fault.PEER_HTTP2);
  }

  @Test
  void http1() throws Exception {
    callFails(
        (peer, n) -> {
          peer.sayText("HTTP/1.1 400 Bad Request\r\n\r\n");
          peer.readAll();
        },
        Fault.PEER_HTTP1);
  }

  @Test
  void nonsense() throws Exception {
    Status status =
        callFails(
            (peer, n) -> {
              peer.sayText("220 mail.example.org ESMTP\r\n");
              peer.readAll();
            },
            Fault.PEER_NONSENSE);
    assertThat(status.getDescription()).contains("220 mail");
  }

  @Test
  void silence() throws Exception {
    Status status =
        callFails((peer, n) -> peer.readAll(), Fault.PEER_SILENT, Duration.ofSeconds(1));
    assertThat(status.getDescription()).contains("within 1 s");
  }

  @Test
  void theEndBeforeHello() throws Exception {
    callFails((peer, n) -> peer.awaitHello(), Fault.PEER_GONE_BEFORE_HELLO);
  }

  @Test
  void aVersionFromTheFuture() throws Exception {
    Status status =
        callFails(
            (peer, n) -> {
              peer.say(PREFACE + "04000000 01000000 00000000 00000000  08071009");
              peer.readAll();
            },
            Fault.VERSION_MISMATCH);
    assertThat(status.getDescription()).contains("7 to 9");
  }

  @Test
  void aRefusal() throws Exception {
    Status status =
        callFails(
            (peer, n) -> {
              peer.awaitHello();
              String why = "you are not welcome.";
              peer.say(PREFACE + HELLO + header(4 + why.length(), 9, 0, 0, 0));
              peer.say("06000000" + text(why));
              peer.endOutput();
              peer.readAll();
            },
            Fault.PEER_REFUSED);
    assertThat(status.getDescription()).contains("you are not welcome.");
  }

  @Test
  void aMalformedFrameInMidCall() throws Exception {
    byte[][] lastWords = new byte[1][];
    Status status =
        callFails(
            (peer, n) -> {
              peer.greet();
              peer.awaitOpen();
              peer.say(header(0, 99, 0, 1, 0));
              lastWords[0] = peer.readAll();
            },
            Fault.MALFORMED);
    assertThat(status.getDescription()).contains("PROTOCOL_ERROR");
    assertThat(lastWords[0][4]).isEqualTo(9); // GOAWAY
  }

  @Test
  void aFrameCutShort() throws Exception {
    callFails(
        (peer, n) -> {
          peer.greet();
          peer.awaitOpen();
          peer.say("0400000005");
        },
        Fault.LINK_TRUNCATED);
  }

  @Test
  void theEndInMidCall() throws Exception {
    callFails(
        (peer, n) -> {
          peer.greet();
          peer.awaitOpen();
        },
        Fault.LINK_ENDED);
  }

  @Test
  void aGoawayWithAnErrorInMidCall() throws Exception {
    Status status =
        callFails(
            (peer, n) -> {
              peer.greet();
              peer.awaitOpen();
              String why = "a bad day";
              peer.say(header(4 + why.length(), 9, 0, 0, 1) + "08000000" + text(why));
              peer.endOutput();
              peer.readAll();
            },
            Fault.PEER_GOAWAY);
    assertThat(status.getDescription()).contains("a bad day");
  }

  @Test
  void aCallThatNoHandlerSawIsTriedOnceMore() throws Exception {
    AtomicInteger connections = new AtomicInteger();
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        AutoCloseable server =
            RawPeer.serve(
                setting.folder().resolve("socket"),
                (peer, connection) -> {
                  connections.incrementAndGet();
                  peer.greet();
                  int stream = peer.awaitOpen();
                  if (connection == 0) {
                    peer.say(header(4, 9, 0, 0, 0) + "00000000"); // GOAWAY: none was accepted
                  } else {
                    peer.say(status(stream, 5));
                  }
                  peer.endOutput();
                  peer.readAll();
                })) {
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> setting.blocking().unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      assertThat(connections.get()).isEqualTo(2);
    }
  }

  @Test
  void aRefusedCallIsTriedOnceMoreAndNotTwice() throws Exception {
    AtomicInteger opened = new AtomicInteger();
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        AutoCloseable server =
            RawPeer.serve(
                setting.folder().resolve("socket"),
                (peer, connection) -> {
                  peer.greet();
                  while (true) {
                    int stream = peer.awaitOpen();
                    opened.incrementAndGet();
                    peer.say(header(4, 6, 1, stream, 14) + text("busy"));
                  }
                })) {
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> setting.blocking().unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.getStatus().getDescription()).isEqualTo("busy");
      assertThat(opened.get()).isEqualTo(2);
    }
  }

  @Test
  void aUnaryRequestIsOneFrame() throws Exception {
    RawPeer.Frame[] seen = new RawPeer.Frame[1];
    CountDownLatch ended = new CountDownLatch(1);
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        AutoCloseable server =
            RawPeer.serve(
                setting.folder().resolve("socket"),
                (peer, connection) -> {
                  peer.greet();
                  peer.say(status(peer.awaitOpen(), 5));
                  seen[0] = peer.awaitFrame();
                  peer.say(status(seen[0].stream(), 5));
                  ended.countDown();
                  peer.readAll();
                })) {
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      // The first call has all it wants to say before there is a connection, so look at the next.
      assertThrows(StatusRuntimeException.class, () -> stub.unary(note("first")));
      assertThrows(StatusRuntimeException.class, () -> stub.unary(note("x")));
      ended.await();
    }
    assertThat(seen[0].type()).isEqualTo(2);
    assertThat(seen[0].flags() & 3).isEqualTo(3); // END and MESSAGE
    byte[] message = note("x").toByteArray();
    byte[] payload = seen[0].payload();
    assertThat(Arrays.copyOfRange(payload, payload.length - message.length, payload.length))
        .isEqualTo(message);
  }

  @Test
  void callsBackToOneWhoOffersNothingAreAnsweredWithoutAThread() throws Exception {
    int calls = 4000; // as many as may be open
    AtomicInteger answers = new AtomicInteger();
    long before = workers();
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        AutoCloseable server =
            RawPeer.serve(
                setting.folder().resolve("socket"),
                (peer, connection) -> {
                  peer.greet();
                  int stream = peer.awaitOpen();
                  StringBuilder opens = new StringBuilder();
                  for (int i = 1; i <= calls; i++) { // END and PATH, no metadata
                    opens.append(header(10, 2, 5, 2 * i, 0)).append("0600").append(text("/a.B/C"));
                    opens.append("0000");
                  }
                  peer.say(opens.toString());
                  for (int i = 0; i < calls; i++) {
                    RawPeer.Frame answer = peer.awaitFrame();
                    answers.addAndGet(answer.type() == 5 && answer.word() == 12 ? 1 : 0);
                  }
                  peer.say(status(stream, 5));
                  peer.readAll();
                })) {
      assertThrows(StatusRuntimeException.class, () -> setting.blocking().unary(note("x")));
    }
    assertThat(answers.get()).isEqualTo(calls); // each UNIMPLEMENTED
    assertThat(workers()).isAtMost(before);
  }

  private static long workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("samehost-worker-"))
        .count();
  }

  /** A block with a key that the wire allows and gRPC cannot name: {@code -bin}. */
  private static final String NAMELESS = "0100 0400 2D62696E 01000000 00";

  @Test
  void aKeyThatGrpcCannotNameIsLeftOut() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        AutoCloseable server =
            RawPeer.serve(
                setting.folder().resolve("socket"),
                (peer, connection) -> {
                  peer.greet();
                  int stream = peer.awaitOpen();
                  peer.say(header(13, 3, 0, stream, 0) + NAMELESS);
                  peer.say(header(2 + 13, 5, 0, stream, 5) + "0000" + NAMELESS);
                  peer.readAll();
                })) {
      EchoGrpc.EchoBlockingStub stub = setting.blocking().withDeadlineAfter(20, TimeUnit.SECONDS);
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      assertThat(failure.getTrailers().keys()).isEmpty();
    }
  }
}
