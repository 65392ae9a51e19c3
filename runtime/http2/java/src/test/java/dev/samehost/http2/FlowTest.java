package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.transport.testkit.Bytes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.stub.CallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages that nobody reads wait at their sender, and what is compressed travels compressed. */
@Timeout(120)
final class FlowTest {
  private static final byte[] MESSAGE = new byte[64 << 10];

  /** What may be on its way: windows of HTTP/2 and credit of our wire, a mebibyte or so each. */
  private static final int MOST_MESSAGES = 256;

  /** Sends messages as long as the receiver is ready. */
  private static AtomicInteger sendWhileReady(CallStreamObserver<byte[]> receiver) {
    AtomicInteger sent = new AtomicInteger();
    receiver.setOnReadyHandler(
        () -> {
          while (receiver.isReady() && sent.get() < 10 * MOST_MESSAGES) {
            receiver.onNext(MESSAGE);
            sent.incrementAndGet();
          }
        });
    return sent;
  }

  /** Waits until there are more than so many and then no more, and answers how many. */
  private static int settled(AtomicInteger count, int moreThan) throws InterruptedException {
    int before;
    do {
      before = count.get();
      TimeUnit.MILLISECONDS.sleep(500);
    } while (before <= moreThan || before != count.get());
    return before;
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aServerWaitsForAClientThatDoesNotRead(Setting.Case which) throws Exception {
    CompletableFuture<AtomicInteger> sent = new CompletableFuture<>();
    try (Setting setting = new Setting(which)) {
      setting.start(
          ServerServiceDefinition.builder(Echo.SERVICE)
              .addMethod(
                  Echo.REPEAT,
                  ServerCalls.asyncServerStreamingCall(
                      (request, responses) ->
                          sent.complete(sendWhileReady((CallStreamObserver<byte[]>) responses))))
              .build());
      ClientCall<byte[], byte[]> call = setting.open().newCall(Echo.REPEAT, CallOptions.DEFAULT);
      BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
      call.start(new Receiving(received), new Metadata());
      call.sendMessage(MESSAGE);
      call.halfClose();
      int unread = settled(sent.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS), 0);
      assertThat(unread).isLessThan(MOST_MESSAGES);
      call.request(unread);
      for (int i = 0; i < unread; i++) {
        assertThat(received.poll(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(MESSAGE);
      }
      assertThat(settled(sent.get(), unread)).isGreaterThan(unread);
      call.cancel("enough", null);
    }
  }

  private static final class Receiving extends ClientCall.Listener<byte[]> {
    private final BlockingQueue<byte[]> received;

    private Receiving(BlockingQueue<byte[]> received) {
      this.received = received;
    }

    @Override
    public void onMessage(byte[] response) {
      received.add(response);
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientWaitsForAServerThatDoesNotRead(Setting.Case which) throws Exception {
    CompletableFuture<io.grpc.ServerCall<byte[], byte[]>> served = new CompletableFuture<>();
    AtomicInteger read = new AtomicInteger();
    ServerCallHandler<byte[], byte[]> unread =
        (call, headers) -> {
          served.complete(call);
          return new io.grpc.ServerCall.Listener<>() {
            @Override
            public void onMessage(byte[] request) {
              read.incrementAndGet();
            }
          };
        };
    try (Setting setting = new Setting(which)) {
      setting.start(
          ServerServiceDefinition.builder(Echo.SERVICE).addMethod(Echo.COLLECT, unread).build());
      ClientCall<byte[], byte[]> call = setting.open().newCall(Echo.COLLECT, CallOptions.DEFAULT);
      CompletableFuture<AtomicInteger> sent = new CompletableFuture<>();
      ClientCalls.asyncClientStreamingCall(call, new Sending(sent));
      int waiting = settled(sent.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS), 0);
      assertThat(waiting).isLessThan(MOST_MESSAGES);
      assertThat(read.get()).isEqualTo(0);
      served.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS).request(waiting);
      assertThat(settled(sent.get(), waiting)).isGreaterThan(waiting);
      assertThat(settled(read, waiting - 1)).isEqualTo(waiting);
      call.cancel("enough", null);
    }
  }

  private record Sending(CompletableFuture<AtomicInteger> sent)
      implements io.grpc.stub.ClientResponseObserver<byte[], byte[]> {
    @Override
    public void beforeStart(io.grpc.stub.ClientCallStreamObserver<byte[]> requests) {
      sent.complete(sendWhileReady(requests));
    }

    @Override
    public void onNext(byte[] response) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }

  // ---- compression

  /** How many bytes a side has received, as they came and as they were. */
  private static final class Sizes {
    final AtomicLong wire = new AtomicLong();
    final AtomicLong plain = new AtomicLong();

    ServerStreamTracer.Factory ofServer() {
      return new ServerStreamTracer.Factory() {
        @Override
        public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
          return new ServerStreamTracer() {
            @Override
            public void inboundWireSize(long bytes) {
              wire.addAndGet(bytes);
            }

            @Override
            public void inboundUncompressedSize(long bytes) {
              plain.addAndGet(bytes);
            }
          };
        }
      };
    }

    ClientStreamTracer.Factory ofClient() {
      return new ClientStreamTracer.Factory() {
        @Override
        public ClientStreamTracer newClientStreamTracer(
            ClientStreamTracer.StreamInfo info, Metadata headers) {
          return new ClientStreamTracer() {
            @Override
            public void inboundWireSize(long bytes) {
              wire.addAndGet(bytes);
            }

            @Override
            public void inboundUncompressedSize(long bytes) {
              plain.addAndGet(bytes);
            }
          };
        }
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void messagesThatAreCompressedStayItOnTheirWayAndOthersStayAsTheyAre(Setting.Case which)
      throws Exception {
    Sizes requests = new Sizes();
    Sizes responses = new Sizes();
    byte[] random = Bytes.random(1000, 7);
    try (Setting setting = new Setting(which)) {
      setting.start(
          setting
              .server()
              .addStreamTracerFactory(requests.ofServer())
              .addService(
                  ServerServiceDefinition.builder(Echo.SERVICE)
                      .addMethod(
                          Echo.CHAT, ServerCalls.asyncBidiStreamingCall(FlowTest::compressing))
                      .build()));
      BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
      ClientCall<byte[], byte[]> call =
          setting
              .open()
              .newCall(
                  Echo.CHAT,
                  CallOptions.DEFAULT
                      .withCompression("gzip")
                      .withStreamTracerFactory(responses.ofClient()));
      call.start(new Receiving(received), new Metadata());
      call.request(2);
      call.sendMessage(MESSAGE);
      assertThat(received.poll(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(MESSAGE);
      assertThat(requests.wire.get()).isLessThan(MESSAGE.length / 10);
      assertThat(requests.plain.get()).isEqualTo(MESSAGE.length);
      assertThat(responses.wire.get()).isLessThan(MESSAGE.length / 10);
      assertThat(responses.plain.get()).isEqualTo(MESSAGE.length);
      call.setMessageCompression(false);
      call.sendMessage(random);
      assertThat(received.poll(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(random);
      assertThat(requests.plain.get()).isEqualTo(MESSAGE.length + random.length);
      call.halfClose();
    }
  }

  private static StreamObserver<byte[]> compressing(StreamObserver<byte[]> responses) {
    ServerCallStreamObserver<byte[]> compressed = (ServerCallStreamObserver<byte[]>) responses;
    compressed.setCompression("gzip");
    return new StreamObserver<>() {
      @Override
      public void onNext(byte[] request) {
        compressed.setMessageCompression(request.length == MESSAGE.length);
        compressed.onNext(request);
      }

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {
        compressed.onCompleted();
      }
    };
  }

  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void aClientThatKnowsNoGzipIsAnsweredWithoutIt(Setting.Case which) throws Exception {
    MethodDescriptor<byte[], byte[]> method = Echo.UNARY;
    try (Setting setting = new Setting(which)) {
      setting.start(
          Echo.unary(
              (request, responses) -> {
                ((ServerCallStreamObserver<byte[]>) responses).setCompression("gzip");
                responses.onNext(request);
                responses.onCompleted();
              }));
      io.grpc.DecompressorRegistry none =
          io.grpc.DecompressorRegistry.emptyInstance().with(io.grpc.Codec.Identity.NONE, false);
      byte[] answer =
          ClientCalls.blockingUnaryCall(
              setting.open(setting.channel().decompressorRegistry(none)),
              method,
              CallOptions.DEFAULT,
              MESSAGE);
      assertThat(answer).isEqualTo(MESSAGE);
    }
  }
}
