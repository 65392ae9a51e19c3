package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Attributes;
import io.grpc.BinaryLog;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientTransportFilter;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.File;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Executors, filters, logs and thresholds that an application brings, and options that it need not.
 */
@Timeout(Setting.PATIENCE_SECONDS)
final class HooksTest {
  private static final int MEBIBYTE = 1 << 20;

  private static ExecutorService own() {
    return Executors.newSingleThreadExecutor(task -> new Thread(task, "own"));
  }

  @Test
  void aListenerRunsOnTheExecutorThatItsCallNames() throws Exception {
    ExecutorService own = own();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      CompletableFuture<String> thread = new CompletableFuture<>();
      EchoGrpc.newStub(setting.open())
          .withExecutor(own)
          .unary(
              note("x"),
              new StreamObserver<>() {
                @Override
                public void onNext(Note answer) {
                  thread.complete(Thread.currentThread().getName());
                }

                @Override
                public void onError(Throwable failure) {
                  thread.completeExceptionally(failure);
                }

                @Override
                public void onCompleted() {}
              });
      assertThat(thread.get()).isEqualTo("own");
    } finally {
      own.shutdown();
    }
  }

  @Test
  void aSupplierChoosesTheExecutorOfACallByItsMetadata() throws Exception {
    Metadata.Key<String> lane = Metadata.Key.of("lane", Metadata.ASCII_STRING_MARSHALLER);
    ExecutorService own = own();
    ServerCallExecutorSupplier supplier =
        new ServerCallExecutorSupplier() {
          @Override
          public <Q, A> Executor getExecutor(ServerCall<Q, A> call, Metadata metadata) {
            return metadata.containsKey(lane) ? own : null;
          }
        };
    EchoGrpc.EchoImplBase threadNames =
        new EchoGrpc.EchoImplBase() {
          @Override
          public void unary(Note request, StreamObserver<Note> responses) {
            responses.onNext(note(Thread.currentThread().getName()));
            responses.onCompleted();
          }
        };
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(setting.server().addService(threadNames).callExecutor(supplier));
      Metadata chosen = new Metadata();
      chosen.put(lane, "own");
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      assertThat(
              stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(chosen))
                  .unary(note("x")))
          .isEqualTo(note("own"));
      assertThat(stub.unary(note("x"))).isNotEqualTo(note("own"));
    } finally {
      own.shutdown();
    }
  }

  /** Counts a channel's connections, and marks their attributes. */
  private static final class Filter extends ClientTransportFilter {
    static final Attributes.Key<String> MARK = Attributes.Key.create("mark");

    final List<String> ready = new CopyOnWriteArrayList<>();
    final CountDownLatch terminated = new CountDownLatch(1);

    @Override
    public Attributes transportReady(Attributes attributes) {
      ready.add("connection");
      return attributes.toBuilder().set(MARK, "filtered").build();
    }

    @Override
    public void transportTerminated(Attributes attributes) {
      if ("filtered".equals(attributes.get(MARK))) {
        terminated.countDown();
      }
    }
  }

  @Test
  void filtersOfAChannelAreToldOfConnectionsAndAddToTheAttributesOfCalls() throws Exception {
    Filter filter = new Filter();
    CompletableFuture<String> mark = new CompletableFuture<>();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      ManagedChannel channel = setting.open(setting.channel().addTransportFilter(filter));
      ClientCall<Note, Note> call = channel.newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onHeaders(Metadata headers) {
              mark.complete(call.getAttributes().get(Filter.MARK));
            }
          },
          new Metadata());
      call.request(1);
      call.sendMessage(note("x"));
      call.halfClose();
      assertThat(mark.get()).isEqualTo("filtered");
    }
    assertThat(filter.ready).hasSize(1);
    assertThat(filter.terminated.await(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aChannelThatWasSentToRestIsIdleAndTheNextCallMakesAnotherConnection() throws Exception {
    Filter filter = new Filter();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      ManagedChannel channel = setting.open(setting.channel().addTransportFilter(filter));
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      stub.unary(note("x"));
      assertThat(channel.getState(false)).isEqualTo(ConnectivityState.READY);
      channel.enterIdle();
      assertThat(channel.getState(false)).isEqualTo(ConnectivityState.IDLE);
      assertThat(stub.unary(note("x"))).isEqualTo(note("x"));
      assertThat(filter.ready).hasSize(2);
    }
  }

  /** Notes when it is asked to look at a call. */
  private static final class Log extends BinaryLog {
    final List<String> order = new CopyOnWriteArrayList<>();

    ClientInterceptor named(String name) {
      return new ClientInterceptor() {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
            MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
          order.add(name);
          return next.newCall(method, options);
        }
      };
    }

    ServerInterceptor served() {
      return new ServerInterceptor() {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, io.grpc.ServerCallHandler<Q, A> next) {
          order.add("server's interceptor");
          return next.startCall(call, headers);
        }
      };
    }

    @Override
    public <Q, A> ServerMethodDefinition<?, ?> wrapMethodDefinition(
        ServerMethodDefinition<Q, A> method) {
      return method.withServerCallHandler(
          (call, headers) -> {
            order.add("server's log");
            return method.getServerCallHandler().startCall(call, headers);
          });
    }

    @Override
    public Channel wrapChannel(Channel channel) {
      return ClientInterceptors.intercept(channel, named("client's log"));
    }

    @Override
    public void close() {}
  }

  @Test
  void aBinaryLogLooksAtCallsBeforeTheInterceptorsOfItsSide() throws Exception {
    Log log = new Log();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(
          setting.server().addService(new EchoService()).intercept(log.served()).setBinaryLog(log));
      SamehostChannelBuilder channel =
          setting.channel().intercept(log.named("client's interceptor")).setBinaryLog(log);
      EchoGrpc.newBlockingStub(setting.open(channel)).unary(note("x"));
    }
    assertThat(log.order)
        .containsExactly(
            "client's log", "client's interceptor", "server's log", "server's interceptor")
        .inOrder();
  }

  private static Note large() {
    return note("x".repeat(MEBIBYTE));
  }

  /** Whether a client's call is ready with most of a MiB waiting, of which nobody reads a byte. */
  private static boolean clientIsReady(int threshold) throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(silent((call, headers) -> {})));
      CompletableFuture<Void> ready = new CompletableFuture<>();
      ClientCall<Note, Note> call =
          setting
              .open()
              .newCall(
                  EchoGrpc.getChatMethod(), CallOptions.DEFAULT.withOnReadyThreshold(threshold));
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onReady() {
              ready.complete(null);
            }
          },
          new Metadata());
      ready.get();
      call.sendMessage(large());
      return call.isReady();
    }
  }

  private interface Beginning {
    void begin(ServerCall<Note, Note> call, Metadata headers);
  }

  /** A service that reads nothing. */
  private static ServerServiceDefinition silent(Beginning beginning) {
    return ServerServiceDefinition.builder("samehost.test.Echo")
        .addMethod(
            EchoGrpc.getChatMethod(),
            (call, headers) -> {
              beginning.begin(call, headers);
              return new ServerCall.Listener<>() {};
            })
        .build();
  }

  @Test
  void aClientsCallIsReadyWhileLessThanItsThresholdWaits() throws Exception {
    assertThat(clientIsReady(1)).isFalse();
    assertThat(clientIsReady(2 * MEBIBYTE)).isTrue();
  }

  private static boolean serverIsReady(int threshold) throws Exception {
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          setting
              .server()
              .addService(
                  silent(
                      (call, headers) -> {
                        call.setOnReadyThreshold(threshold);
                        call.sendHeaders(new Metadata());
                        call.sendMessage(large());
                        ready.complete(call.isReady());
                      })));
      ClientCall<Note, Note> call =
          setting.open().newCall(EchoGrpc.getChatMethod(), CallOptions.DEFAULT);
      call.start(new ClientCall.Listener<>() {}, new Metadata());
      call.sendMessage(note("begin"));
      return ready.get();
    }
  }

  @Test
  void aServersCallIsReadyWhileLessThanItsThresholdWaits() throws Exception {
    assertThat(serverIsReady(1)).isFalse();
    assertThat(serverIsReady(2 * MEBIBYTE)).isTrue();
  }

  @Test
  @SuppressWarnings("deprecation")
  void hintsThatSpeakOfNetworksAreTakenAndCallsGoOn() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(
          setting
              .server()
              .addService(new EchoService())
              .keepAliveTime(1, TimeUnit.NANOSECONDS)
              .keepAliveTimeout(1, TimeUnit.NANOSECONDS)
              .permitKeepAliveTime(1, TimeUnit.NANOSECONDS)
              .permitKeepAliveWithoutCalls(false)
              .maxConnectionIdle(1, TimeUnit.NANOSECONDS)
              .maxConnectionAge(1, TimeUnit.NANOSECONDS)
              .maxConnectionAgeGrace(1, TimeUnit.NANOSECONDS)
              .addMetricSink(null));
      SamehostChannelBuilder channel =
          setting
              .channel()
              .usePlaintext()
              .offloadExecutor(Runnable::run)
              .defaultLoadBalancingPolicy("round_robin")
              .proxyDetector(null)
              .idleTimeout(1, TimeUnit.NANOSECONDS)
              .keepAliveTime(1, TimeUnit.NANOSECONDS)
              .keepAliveTimeout(1, TimeUnit.NANOSECONDS)
              .keepAliveWithoutCalls(true)
              .enableRetry()
              .disableRetry()
              .maxRetryAttempts(1)
              .maxHedgedAttempts(1)
              .retryBufferSize(1)
              .perRpcBufferLimit(1)
              .disableServiceConfigLookUp()
              .maxTraceEvents(1)
              .addMetricSink(null);
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(setting.open(channel));
      for (int i = 0; i < 3; i++) {
        assertThat(stub.unary(note("x"))).isEqualTo(note("x"));
      }
    }
  }

  private static void assertRefused(Runnable option) {
    assertThat(assertThrows(UnsupportedOperationException.class, option::run))
        .hasMessageThat()
        .isNotEmpty();
  }

  @Test
  @SuppressWarnings("deprecation")
  void whatAnApplicationWouldRelyOnIsRefused() {
    SamehostChannelBuilder channel = SamehostChannelBuilder.forAddress("test-pair:refused");
    assertRefused(channel::useTransportSecurity);
    assertRefused(() -> channel.nameResolverFactory(null));
    assertRefused(() -> channel.defaultServiceConfig(Map.of()));
    SamehostServerBuilder server = SamehostServerBuilder.forAddress("test-pair:refused");
    assertRefused(() -> server.useTransportSecurity(new File("c"), new File("k")));
    InputStream nothing = InputStream.nullInputStream();
    assertRefused(() -> server.useTransportSecurity(nothing, nothing));
  }
}
