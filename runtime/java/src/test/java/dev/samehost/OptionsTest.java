package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What builders take, and what comes of it. */
@Timeout(Setting.PATIENCE_SECONDS)
final class OptionsTest {
  private static final Metadata.Key<String> TOKEN =
      Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

  private static ClientInterceptor noting(List<String> order, String name) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        order.add(name);
        return next.newCall(method, options);
      }
    };
  }

  private static ServerInterceptor servedNoting(List<String> order, String name) {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        order.add(name);
        return next.startCall(call, headers);
      }
    };
  }

  private static long toldOf(SpinLimit limit) throws Exception {
    WatchedTransport.Watch watch = new WatchedTransport.Watch();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      SamehostChannelBuilder channel =
          SamehostChannelBuilder.forAddress(setting.address().replace("test-", "watched-"))
              .transportOption(WatchedTransport.WATCH, watch);
      limit.on(channel);
      EchoGrpc.newBlockingStub(setting.open(channel)).unary(note("x"));
    }
    return watch.spinNanos;
  }

  /** Sets an option, or does not. */
  private interface SpinLimit {
    void on(SamehostChannelBuilder channel);
  }

  @Test
  void aLinkIsToldTheLimitOfItsSpins() throws Exception {
    assertThat(toldOf(channel -> {})).isEqualTo(-1);
    assertThat(toldOf(channel -> channel.spinLimit(Duration.ZERO))).isEqualTo(0);
    assertThat(toldOf(channel -> channel.spinLimit(Duration.ofNanos(7_000)))).isEqualTo(7_000);
    assertThat(toldOf(channel -> channel.spinLimit(Duration.ofDays(9)))).isEqualTo(1_000_000);
    SamehostServerBuilder server = SamehostServerBuilder.forAddress("unix:/none");
    assertThrows(IllegalArgumentException.class, () -> server.spinLimit(Duration.ofNanos(-1)));
  }

  @Test
  void interceptorsOfBothSidesSeeACallLastAddedFirst() throws Exception {
    List<String> order = new CopyOnWriteArrayList<>();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(
          setting
              .server()
              .addService(new EchoService())
              .intercept(servedNoting(order, "server one"))
              .intercept(servedNoting(order, "server two")));
      SamehostChannelBuilder channel =
          setting.channel().intercept(noting(order, "one"), noting(order, "two"));
      EchoGrpc.newBlockingStub(setting.open(channel)).unary(note("x"));
    }
    assertThat(order).containsExactly("two", "one", "server two", "server one").inOrder();
  }

  @Test
  void aFallbackRegistryIsAskedForWhatNobodyElseServes() throws Exception {
    List<String> order = new CopyOnWriteArrayList<>();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      ServerServiceDefinition echo = new EchoService().bindService();
      HandlerRegistry fallback =
          new HandlerRegistry() {
            @Override
            public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
              return echo.getMethod(name);
            }

            @Override
            public List<ServerServiceDefinition> getServices() {
              return List.of(echo);
            }
          };
      Server server =
          setting.start(
              setting
                  .server()
                  .fallbackHandlerRegistry(fallback)
                  .intercept(servedNoting(order, "intercepted")));
      assertThat(setting.blocking().unary(note("x"))).isEqualTo(note("x"));
      assertThat(server.getMutableServices()).hasSize(1);
      assertThat(server.getImmutableServices()).isEmpty();
    }
    assertThat(order).containsExactly("intercepted");
  }

  @Test
  void transportFiltersAreToldOfConnectionsAndAddToTheirAttributes() throws Exception {
    Attributes.Key<String> mark = Attributes.Key.create("mark");
    CountDownLatch terminated = new CountDownLatch(1);
    List<String> seen = new CopyOnWriteArrayList<>();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(
          setting
              .server()
              .addService(new EchoService())
              .addTransportFilter(
                  new ServerTransportFilter() {
                    @Override
                    public Attributes transportReady(Attributes attributes) {
                      return attributes.toBuilder().set(mark, "filtered").build();
                    }

                    @Override
                    public void transportTerminated(Attributes attributes) {
                      terminated.countDown();
                    }
                  })
              .intercept(
                  new ServerInterceptor() {
                    @Override
                    public <Q, A> ServerCall.Listener<Q> interceptCall(
                        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                      seen.add(call.getAttributes().get(mark));
                      return next.startCall(call, headers);
                    }
                  }));
      setting.blocking().unary(note("x"));
    }
    assertThat(terminated.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(seen).containsExactly("filtered");
  }

  @Test
  void credentialsAddToTheMetadataOrRefuse() throws Exception {
    List<String> tokens = new CopyOnWriteArrayList<>();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(
          setting
              .server()
              .addService(new EchoService())
              .intercept(
                  new ServerInterceptor() {
                    @Override
                    public <Q, A> ServerCall.Listener<Q> interceptCall(
                        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                      tokens.add(headers.get(TOKEN));
                      return next.startCall(call, headers);
                    }
                  }));
      EchoGrpc.EchoBlockingStub stub = setting.blocking();
      assertThat(stub.withCallCredentials(new Token("secret")).unary(note("x")))
          .isEqualTo(note("x"));
      assertThat(tokens).containsExactly("secret");
      StatusRuntimeException failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> stub.withCallCredentials(new Token(null)).unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    }
  }

  /** Gives its token on the call's executor, as most credentials do; or refuses. */
  private static final class Token extends CallCredentials {
    private final String token;

    Token(String token) {
      this.token = token;
    }

    @Override
    public void applyRequestMetadata(
        RequestInfo request, Executor executor, MetadataApplier applier) {
      executor.execute(
          () -> {
            if (token == null) {
              applier.fail(Status.UNAUTHENTICATED);
              return;
            }
            Metadata added = new Metadata();
            added.put(TOKEN, token);
            applier.apply(added);
          });
    }
  }

  @Test
  void anAddressThatMakesNoSenseIsSaidAtOnce() {
    IllegalArgumentException noScheme =
        assertThrows(
            IllegalArgumentException.class,
            () -> SamehostChannelBuilder.forAddress("/run/app.sock"));
    assertThat(noScheme).hasMessageThat().contains("it has no scheme");
    IllegalArgumentException unknown =
        assertThrows(
            IllegalArgumentException.class,
            () -> SamehostChannelBuilder.forAddress("smoke:hill").build());
    assertThat(unknown).hasMessageThat().contains("no transport has the scheme smoke");
    assertThrows(
        IllegalArgumentException.class,
        () -> SamehostServerBuilder.forAddress("smoke:hill").build());
  }

  @Test
  void aCallThatBreaksTheContractThrowsIllegalState() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      ClientCall<Note, Note> call =
          setting.open().newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
      assertThrows(IllegalStateException.class, () -> call.request(1));
      call.start(new ClientCall.Listener<>() {}, new Metadata());
      assertThrows(
          IllegalStateException.class,
          () -> call.start(new ClientCall.Listener<>() {}, new Metadata()));
      call.halfClose();
      assertThrows(IllegalStateException.class, call::halfClose);
      assertThrows(IllegalStateException.class, () -> call.sendMessage(note("late")));
      call.cancel("done", null);
    }
  }

  @Test
  void theTimeoutInMetadataHasEightDigitsAndAUnit() {
    assertThat(Timeouts.text(5)).isEqualTo("5n");
    assertThat(Timeouts.text(99_999_999)).isEqualTo("99999999n");
    assertThat(Timeouts.text(100_000_000)).isEqualTo("100000u");
    assertThat(Timeouts.text(Long.MAX_VALUE)).isEqualTo("2562047H");
  }

  @Test
  void credentialsThatFailWithOkAreToldSo() throws Exception {
    AtomicReference<Throwable> told = new AtomicReference<>();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.startEcho();
      CallCredentials confused =
          new CallCredentials() {
            @Override
            public void applyRequestMetadata(
                RequestInfo request, Executor executor, MetadataApplier applier) {
              told.set(assertThrows(IllegalArgumentException.class, () -> applier.fail(Status.OK)));
              applier.apply(new Metadata());
            }
          };
      assertThat(setting.blocking().withCallCredentials(confused).unary(note("x")))
          .isEqualTo(note("x"));
      assertThat(told.get()).isNotNull();
    }
  }

  @Test
  void lessThanNoMessageCannotBeWanted() throws Exception {
    AtomicReference<Throwable> told = new AtomicReference<>();
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      ServerInterceptor asking =
          new ServerInterceptor() {
            @Override
            public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
              told.set(assertThrows(IllegalArgumentException.class, () -> call.request(-1)));
              return next.startCall(call, headers);
            }
          };
      setting.start(setting.server().addService(new EchoService()).intercept(asking));
      ManagedChannel channel = setting.open();
      ClientCall<Note, Note> call = channel.newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
      call.start(new ClientCall.Listener<>() {}, new Metadata());
      assertThrows(IllegalArgumentException.class, () -> call.request(-1));
      call.cancel("done", null);
      assertThat(EchoGrpc.newBlockingStub(channel).unary(note("x"))).isEqualTo(note("x"));
      assertThat(told.get()).isNotNull();
    }
  }

  @Test
  void aServerThatCouldNotListenMayBeStartedOnceMore() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Server first = setting.startEcho();
      Server second = setting.server().addService(new EchoService()).build();
      assertThrows(IOException.class, second::start);
      first.shutdownNow().awaitTermination();
      second.start();
      assertThat(setting.blocking().unary(note("x"))).isEqualTo(note("x"));
      assertThrows(IllegalStateException.class, second::start);
      second.shutdownNow().awaitTermination();
    }
  }
}
