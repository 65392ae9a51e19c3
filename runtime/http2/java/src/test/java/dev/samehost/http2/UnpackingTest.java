package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.bridge.Message;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Responses that are unpacked for who takes none that is compressed. */
@Timeout(120)
final class UnpackingTest {
  private static byte[] zipped(int size) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] some = new byte[1 << 20];
    try (GZIPOutputStream gzip = new GZIPOutputStream(all)) {
      for (int left = size; left > 0; left -= some.length) {
        gzip.write(some, 0, Math.min(left, some.length));
      }
    }
    return all.toByteArray();
  }

  private static byte[] unpacked(byte[] gzip, int most) throws LinkException {
    return Message.unpacked(gzip, most, "client", "the server");
  }

  private static Fault faultOf(byte[] gzip, int most) {
    return assertThrows(LinkException.class, () -> unpacked(gzip, most)).fault();
  }

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getThreadAllocatedBytes(Thread.currentThread().getId());
  }

  @Test
  void nothingIsUnpackedBeyondTheLimit() throws Exception {
    byte[] bomb = zipped(256 << 20);
    assertThat(bomb.length).isLessThan(1 << 20);
    long before = allocated();
    assertThat(faultOf(bomb, 1 << 20)).isEqualTo(Fault.MESSAGE_INFLATED);
    assertThat(allocated() - before).isLessThan(8L << 20);
    assertThat(unpacked(zipped(1_000), 1_000)).hasLength(1_000);
    assertThat(faultOf(zipped(1_001), 1_000)).isEqualTo(Fault.MESSAGE_INFLATED);
  }

  @Test
  void whatIsNoGzipIsTheFaultOfItsSender() throws Exception {
    byte[] whole = zipped(1_000);
    for (byte[] none : new byte[][] {{1, 2, 3}, Arrays.copyOf(whole, whole.length - 9)}) {
      assertThat(faultOf(none, 1_000)).isEqualTo(Fault.MESSAGE_UNDECODABLE);
    }
  }

  /** Another codec than gzip. */
  private static final class Other implements Codec {
    @Override
    public String getMessageEncoding() {
      return "other";
    }

    @Override
    public OutputStream compress(OutputStream sink) {
      return sink;
    }

    @Override
    public InputStream decompress(InputStream source) {
      return source;
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CALLING_UNIX", "CALLING_TCP"})
  void aResponseOfAServerThatGrowsOverTheClientsLimitFailsItsCallAlone(Setting.Case which)
      throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(
          Echo.unary(
              (size, responses) -> {
                ((ServerCallStreamObserver<byte[]>) responses).setCompression("gzip");
                responses.onNext(new byte[size.length]);
                responses.onCompleted();
              }));
      // It understands gzip, but takes no response by it.
      DecompressorRegistry other =
          DecompressorRegistry.emptyInstance()
              .with(new Other(), true)
              .with(new Codec.Gzip(), false);
      Channel channel =
          setting.open(setting.channel().decompressorRegistry(other).maxInboundMessageSize(50_000));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> call(channel, 100_000));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(failure.getStatus().getDescription())
          .isEqualTo(
              "the decompressed message exceeds maximum of 50000 bytes that the client takes."
                  + " Raise the maximum inbound message size there.");
      assertThat(call(channel, 50_000)).hasLength(50_000);
    }
  }

  private static byte[] call(Channel channel, int size) {
    return ClientCalls.blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, new byte[size]);
  }
}
