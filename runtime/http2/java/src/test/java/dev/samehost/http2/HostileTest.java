package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.SamehostChannelBuilder;
import dev.samehost.SamehostServerBuilder;
import dev.samehost.transport.tcp.TcpOptions;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Peers that begin as HTTP/2 does, and go on otherwise. */
@Timeout(120)
final class HostileTest {
  private static final byte[] REQUEST = "request".getBytes(UTF_8);
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(ISO_8859_1);

  private static final int SETTINGS = 4;
  private static final int RST_STREAM = 3;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int HEADERS = 1;

  private Setting setting;
  private Server server;

  @BeforeEach
  void serve() throws IOException {
    setting = new Setting(Setting.Case.SERVING_UNIX);
    server = setting.start(Echo.service());
  }

  @AfterEach
  void end() throws Exception {
    setting.close();
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(setting.socket()));
  }

  private void serves() {
    assertThat(
            ClientCalls.blockingUnaryCall(setting.open(), Echo.UNARY, CallOptions.DEFAULT, REQUEST))
        .isEqualTo(REQUEST);
  }

  private static ByteBuffer frame(int type, int flags, int stream, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
    frame.put((byte) (payload.length >> 16)).putShort((short) payload.length);
    frame.put((byte) type).put((byte) flags).putInt(stream).put(payload);
    return frame.flip();
  }

  private static ByteBuffer read(SocketChannel socket, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      if (socket.read(bytes) < 0) {
        return null;
      }
    }
    return bytes.flip();
  }

  /** The payload of the next frame of a type; null at the end. */
  private static byte[] next(SocketChannel socket, int type) throws IOException {
    while (true) {
      ByteBuffer header = read(socket, 9);
      if (header == null) {
        return null;
      }
      int length = header.get() << 16 | Short.toUnsignedInt(header.getShort());
      int found = header.get();
      ByteBuffer payload = read(socket, length);
      if (payload == null) {
        return null;
      }
      if (found == type) {
        byte[] bytes = new byte[length];
        payload.get(bytes);
        return bytes;
      }
    }
  }

  @Test
  void aPrefaceThatComesByteByByteIsServed() throws Exception {
    try (SocketChannel socket = connect()) {
      for (byte one : PREFACE) {
        socket.write(ByteBuffer.wrap(new byte[] {one}));
        TimeUnit.MILLISECONDS.sleep(2);
      }
      socket.write(frame(SETTINGS, 0, 0, new byte[0]));
      assertThat(next(socket, SETTINGS)).isNotNull();
    }
    serves();
  }

  @Test
  void aClientThatSaysNothingBehindItsPrefaceIsClosed() throws Exception {
    try (Setting impatient = new Setting(Setting.Case.SERVING_UNIX)) {
      impatient.start(
          SamehostServerBuilder.forAddress(impatient.address())
              .handshakeTimeout(500, TimeUnit.MILLISECONDS)
              .addService(Echo.service()));
      SocketAddress address = UnixDomainSocketAddress.of(impatient.socket());
      try (SocketChannel silent = SocketChannel.open(address);
          SocketChannel idle = SocketChannel.open(address)) {
        silent.write(ByteBuffer.wrap(PREFACE));
        silent.write(ByteBuffer.wrap(new byte[3])); // not yet a frame
        idle.write(ByteBuffer.wrap(PREFACE));
        idle.write(frame(SETTINGS, 0, 0, new byte[0]));
        assertThat(next(silent, GOAWAY)).isNull();
        idle.write(frame(PING, 0, 0, new byte[8]));
        assertThat(next(idle, PING)).isNotNull();
      }
    }
  }

  @Test
  void nonsenseAfterThePrefaceEndsTheConnectionAndNoOther() throws Exception {
    try (SocketChannel socket = connect()) {
      socket.write(ByteBuffer.wrap(PREFACE));
      socket.write(ByteBuffer.wrap(new byte[100_000]));
      while (next(socket, GOAWAY) != null) {}
    } catch (IOException e) {
      // It was broken before all was written, which is as good.
    }
    serves();
  }

  @Test
  void aRequestThatIsNoGrpcIsRefusedAndItsConnectionLives() throws Exception {
    // HPACK: POST, http, a path of the table and a literal content-type, without an index.
    byte[] request = HexFormat.of().parseHex("838684" + "0f10" + "0a" + hex("text/plain"));
    try (SocketChannel socket = connect()) {
      socket.write(ByteBuffer.wrap(PREFACE));
      socket.write(frame(SETTINGS, 0, 0, new byte[0]));
      List<byte[]> answers = new ArrayList<>();
      for (int stream = 1; stream < 6; stream += 2) {
        socket.write(frame(HEADERS, 5, stream, request));
        answers.add(next(socket, HEADERS));
      }
      // :status as a literal, and from then on as a number in HPACK's table.
      assertThat(new String(answers.get(0), ISO_8859_1)).contains("415");
      assertThat(answers.get(1)).isEqualTo(answers.get(2));
    }
    serves();
  }

  @Test
  void aTimeoutThatIsNoneFailsItsCallAndNoOther() throws Exception {
    // As above, with a path, gRPC's content-type and a timeout.
    String path = "/" + Echo.UNARY.getFullMethodName();
    String head =
        "8386"
            + literal(4, path)
            + "0f10"
            + sized("application/grpc")
            + "00"
            + sized("grpc-timeout");
    try (SocketChannel socket = connect()) {
      socket.write(ByteBuffer.wrap(PREFACE));
      socket.write(frame(SETTINGS, 0, 0, new byte[0]));
      int stream = 1;
      for (String timeout : new String[] {"1", "1x", "123456789S", "S"}) {
        byte[] request = HexFormat.of().parseHex(head + sized(timeout));
        socket.write(frame(HEADERS, 5, stream, request));
        assertThat(next(socket, RST_STREAM)).isEqualTo(new byte[] {0, 0, 0, 2}); // INTERNAL_ERROR
        stream += 2;
      }
    }
    serves();
  }

  /** Text with its length before it. */
  private static String sized(String text) {
    return String.format("%02x", text.length()) + hex(text);
  }

  /** A field whose name is in HPACK's table. */
  private static String literal(int name, String text) {
    return String.format("%02x", name) + sized(text);
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(ISO_8859_1));
  }

  @Test
  void aClientThatSaysNothingMoreDoesNotKeepAServerFromEndingNow() throws Exception {
    try (SocketChannel socket = connect()) {
      socket.write(ByteBuffer.wrap(PREFACE));
      socket.write(frame(SETTINGS, 0, 0, new byte[0]));
      assertThat(next(socket, SETTINGS)).isNotNull();
      server.shutdownNow();
      assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
      while (next(socket, GOAWAY) != null) {}
    }
  }

  @Test
  void aServerOfHttp2ThatEndsAtOnceIsNamedInTheFailure() throws Exception {
    byte[] settings = frame(SETTINGS, 0, 0, new byte[0]).array();
    StatusRuntimeException failure = failureOf(settings, Second.ENDS);
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure).hasMessageThat().contains("connecting to tcp:127.0.0.1:");
    assertThat(failure)
        .hasMessageThat()
        .contains("HTTP/2 failed: the server has ended the connection");
  }

  @Test
  void aServerOfHttp2ThatSaysNothingToOneThatSpeaksItIsNamedInTheFailure() throws Exception {
    byte[] settings = frame(SETTINGS, 0, 0, new byte[0]).array();
    StatusRuntimeException failure = failureOf(settings, Second.IS_SILENT);
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(failure).hasMessageThat().contains("HTTP/2 failed: no SETTINGS came within 0.5 s");
  }

  /** What a server does with the connections after the first one. */
  private enum Second {
    ENDS,
    IS_SILENT,
    SAYS_IT_AGAIN
  }

  @Test
  void aServerThatTurnsOutNotToSpeakHttp2FailsTheCall() throws Exception {
    byte[] nonsense = new byte[9 + 100];
    nonsense[3] = SETTINGS;
    nonsense[20] = 77; // a frame of its own, and of no type that may come now
    StatusRuntimeException failure = failureOf(nonsense, Second.SAYS_IT_AGAIN);
    assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
  }

  /** Of a call to a server that says this and no more. */
  private static StatusRuntimeException failureOf(byte[] said, Second second) throws Exception {
    try (ServerSocketChannel listening = ServerSocketChannel.open()) {
      listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = ((InetSocketAddress) listening.getLocalAddress()).getPort();
      Thread saying = new Thread(() -> say(listening, said, second));
      saying.setDaemon(true);
      saying.start();
      ManagedChannel channel =
          SamehostChannelBuilder.forAddress("tcp:127.0.0.1:" + port)
              .transportOption(TcpOptions.HELLO_TIMEOUT, Duration.ofMillis(500))
              .build();
      try {
        return assertThrows(
            StatusRuntimeException.class,
            () ->
                ClientCalls.blockingUnaryCall(
                    channel,
                    Echo.UNARY,
                    CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
                    REQUEST));
      } finally {
        channel.shutdownNow();
        assertThat(channel.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  private static void say(ServerSocketChannel listening, byte[] said, Second second) {
    try {
      for (int i = 0; ; i++) {
        try (SocketChannel client = listening.accept()) {
          if (i == 0 || second == Second.SAYS_IT_AGAIN) {
            client.write(ByteBuffer.wrap(said));
          }
          if (i == 0 || second != Second.ENDS) {
            while (client.read(ByteBuffer.allocate(1000)) > 0) {}
          }
        }
      }
    } catch (IOException e) {
      // The test is over.
    }
  }
}
