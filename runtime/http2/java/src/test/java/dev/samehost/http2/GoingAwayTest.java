package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.SamehostChannelBuilder;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
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
import org.junit.jupiter.params.ParameterizedTest;
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
        // RST_STREAM of stream 1, REFUSED_STREAM; GOAWAY, last stream 1
        "00000403000000000100000007" + "0000080700000000000000000100000000"
      })
  void aCallThatAServerWhichGoesAwayHasNotTakenIsMadeAtItsSuccessor(String says) throws Exception {
    byte[] request = {1, 2, 3};
    try (Setting successor = new Setting(Setting.Case.CALLING_TCP);
        ServerSocket place = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      successor.start(Echo.service());
      daemon(() -> goAway(place, HexFormat.of().parseHex(says), successor.port()));
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

  /** Answers our preface, then one request by {@code says}; what comes later goes to another. */
  private static void goAway(ServerSocket place, byte[] says, int successor) throws IOException {
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
    out.write(says);
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
