package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.SamehostChannelBuilder;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers of HTTP/2 that go away and have not taken a call: it is made at their successors. */
class GoingAwayTest {
  private static final byte[] SETTINGS = HexFormat.of().parseHex("000000040000000000");
  private static final int PREFACE_BYTES = 24;
  private static final int HEAD_BYTES = 9;
  private static final int HEADERS = 1;

  @ParameterizedTest
  @ValueSource(
      strings = {
        // GOAWAY, last stream 0
        "0000080700000000000000000000000000",
        // RST_STREAM of stream 3, the first one of grpc-java's, REFUSED_STREAM; GOAWAY, last stream
        // 3
        "00000403000000000300000007" + "0000080700000000000000000300000000"
      })
  void aCallThatAServerWhichGoesAwayHasNotTakenIsMadeAtItsSuccessor(String says) throws Exception {
    byte[] request = {1, 2, 3};
    try (Setting successor = new Setting(Setting.Case.CALLING_TCP);
        ServerSocket place = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      successor.start(Echo.service());
      daemon(
          () -> {
            OutputStream out = asked(place).getOutputStream();
            out.write(HexFormat.of().parseHex(says));
            relay(place, successor.port());
          });
      ManagedChannel channel =
          successor.open(
              SamehostChannelBuilder.forAddress("tcp:127.0.0.1:" + place.getLocalPort()));
      byte[] answer =
          ClientCalls.blockingUnaryCall(
              channel,
              Echo.UNARY,
              CallOptions.DEFAULT.withDeadlineAfter(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS),
              request);
      assertThat(answer).isEqualTo(request);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2,INTERNAL,INTERNAL_ERROR",
    "8,CANCELLED,CANCEL",
    "11,RESOURCE_EXHAUSTED,ENHANCE_YOUR_CALM"
  })
  void aStreamThatAServerResetsFailsItsCallWithTheReason(int reason, Status.Code code, String name)
      throws Exception {
    try (Setting setting = new Setting(Setting.Case.CALLING_TCP);
        ServerSocket place = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      daemon(
          () -> {
            Socket client = asked(place);
            client.getOutputStream().write(HexFormat.of().parseHex("000004030000000003000000"));
            client.getOutputStream().write(reason);
          });
      Status status = failure(setting, place);
      assertThat(status.getCode()).isEqualTo(code);
      assertThat(status.getDescription())
          .isEqualTo(
              "tcp:127.0.0.1:"
                  + place.getLocalPort()
                  + ": the peer has reset the call's stream: "
                  + name
                  + ".");
    }
  }

  @Test
  void aServerThatDiesIsNamed() throws Exception {
    try (Setting setting = new Setting(Setting.Case.CALLING_TCP);
        ServerSocket place = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      daemon(() -> asked(place).close());
      Status status = failure(setting, place);
      assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(status.getDescription())
          .isEqualTo(
              "tcp:127.0.0.1:"
                  + place.getLocalPort()
                  + ": the peer ended the connection with calls open. Did its process die?");
    }
  }

  private static Status failure(Setting setting, ServerSocket place) {
    ManagedChannel channel =
        setting.open(SamehostChannelBuilder.forAddress("tcp:127.0.0.1:" + place.getLocalPort()));
    return assertThrows(
            StatusRuntimeException.class,
            () ->
                ClientCalls.blockingUnaryCall(
                    channel,
                    Echo.UNARY,
                    CallOptions.DEFAULT.withDeadlineAfter(
                        Setting.PATIENCE_SECONDS, TimeUnit.SECONDS),
                    new byte[3]))
        .getStatus();
  }

  /** A connection by which a request has come, of HTTP/2: our preface was answered before. */
  private static Socket asked(ServerSocket place) throws IOException {
    try (Socket ours = place.accept()) {
      ours.getOutputStream().write(SETTINGS);
    }
    Socket client = place.accept();
    OutputStream out = client.getOutputStream();
    out.write(SETTINGS);
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    byte[] some = new byte[4_096];
    while (!hasAsked(said.toByteArray())) {
      said.write(some, 0, client.getInputStream().read(some));
    }
    return client;
  }

  /** What comes goes to another one. */
  private static void relay(ServerSocket place, int successor) throws IOException {
    while (true) {
      Socket next = place.accept();
      Socket behind = new Socket(InetAddress.getLoopbackAddress(), successor);
      daemon(() -> copy(next.getInputStream(), behind));
      daemon(() -> copy(behind.getInputStream(), next));
    }
  }

  private static boolean hasAsked(byte[] said) {
    int at = PREFACE_BYTES;
    while (at + HEAD_BYTES <= said.length) {
      if (said[at + 3] == HEADERS) {
        return true;
      }
      at += HEAD_BYTES + (said[at + 1] & 0xFF) * 256 + (said[at + 2] & 0xFF);
    }
    return false;
  }

  private static void copy(InputStream from, Socket to) throws IOException {
    from.transferTo(to.getOutputStream());
    to.shutdownOutput();
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void daemon(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // The test is over, or sees it.
              }
            },
            "going away");
    thread.setDaemon(true);
    thread.start();
  }
}
