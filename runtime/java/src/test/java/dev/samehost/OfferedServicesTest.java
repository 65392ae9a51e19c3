package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Peer;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Services that a channel offers: served as a server serves them, to a caller who has limits too.
 */
@Timeout(Setting.PATIENCE_SECONDS)
final class OfferedServicesTest {
  private static final int LIMIT = 50_000;
  private static final Note LARGE =
      Note.newBuilder().setData(ByteString.copyFrom(new byte[2 * LIMIT])).build();

  private static EchoGrpc.EchoBlockingStub back(
      Setting setting, SamehostServerBuilder server, SamehostChannelBuilder channel)
      throws Exception {
    Callers.Keeping keeping = new Callers.Keeping();
    setting.start(server.addService(Callers.known(keeping)));
    return EchoGrpc.newBlockingStub(keeping.callerOf(setting.open(channel)));
  }

  private static Status failure(EchoGrpc.EchoBlockingStub stub, Note request) {
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> stub.unary(request));
    assertThat(stub.unary(note("fine"))).isEqualTo(note("fine"));
    return failure.getStatus();
  }

  @Test
  void theChannelsLimitsHoldForRequests() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      SamehostChannelBuilder channel = setting.channel().addService(new EchoService());
      EchoGrpc.EchoBlockingStub back =
          back(setting, setting.server(), channel.maxInboundMessageSize(LIMIT));
      assertThat(failure(back, LARGE).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      // It is small as it travels.
      Status inflated = failure(back.withCompression("gzip"), LARGE);
      assertThat(inflated.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(inflated.getDescription()).contains("decompressed");
    }
  }

  @Test
  void theServersLimitsHoldForResponses() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      EchoGrpc.EchoBlockingStub back =
          back(
              setting,
              setting.server().maxInboundMessageSize(LIMIT),
              setting.channel().addService(new EchoService()));
      assertThat(failure(back, LARGE).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }
  }

  @Test
  void messagesMayBeCompressed() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      EchoGrpc.EchoBlockingStub back =
          back(setting, setting.server(), setting.channel().addService(new EchoService()));
      assertThat(back.withCompression("gzip").unary(LARGE)).isEqualTo(LARGE);
    }
  }

  @Test
  void aHandlerThatThrowsSaysNoMoreThanThatItFailed() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      EchoGrpc.EchoBlockingStub back =
          back(
              setting,
              setting.server(),
              setting
                  .channel()
                  .addService(
                      new EchoGrpc.EchoImplBase() {
                        @Override
                        public void unary(Note request, StreamObserver<Note> responses) {
                          if (request.getCount() > 0) {
                            throw new IllegalStateException("a bug of the test's");
                          }
                          responses.onNext(request);
                          responses.onCompleted();
                        }
                      }));
      Status status = failure(back, Note.newBuilder().setCount(1).build());
      assertThat(status.getCode()).isEqualTo(Status.Code.UNKNOWN);
      assertThat(status.getDescription()).isEqualTo(Fault.HANDLER_FAILED.text());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UNIX", "SHM"})
  void aHandlerKnowsWhoCallsAndWhatWasSaid(Setting.Transport transport) throws Exception {
    Metadata.Key<String> key = Metadata.Key.of("said", Metadata.ASCII_STRING_MARSHALLER);
    AtomicReference<Peer> peer = new AtomicReference<>();
    AtomicReference<String> said = new AtomicReference<>();
    ServerInterceptor seeing =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            peer.set(call.getAttributes().get(SamehostAttributes.PEER));
            said.set(headers.get(key));
            return next.startCall(call, headers);
          }
        };
    CallCredentials credentials =
        new CallCredentials() {
          @Override
          public void applyRequestMetadata(
              RequestInfo call, Executor executor, MetadataApplier applier) {
            Metadata added = new Metadata();
            added.put(key, "a secret");
            applier.apply(added);
          }
        };
    try (Setting setting = new Setting(transport)) {
      EchoGrpc.EchoBlockingStub back =
          back(
              setting,
              setting.server(),
              setting
                  .channel()
                  .addService(ServerInterceptors.intercept(new EchoService(), seeing)));
      assertThat(back.withCallCredentials(credentials).unary(note("back"))).isEqualTo(note("back"));
      assertThat(peer.get().processId()).hasValue(ProcessHandle.current().pid());
      assertThat(peer.get().userId()).isPresent();
      assertThat(said.get()).isEqualTo("a secret");
    }
  }

  @Test
  void aCallThatComesAlongWithHelloIsServed() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        RawPeer.Server server =
            RawPeer.serve(
                setting.folder().resolve("socket"),
                (peer, connection) -> {
                  peer.awaitHello();
                  String path = "/samehost.test.Echo/Unary";
                  peer.say(RawPeer.PREFACE + RawPeer.HELLO + RawPeer.open(2, path));
                  peer.readAll();
                })) {
      Callers.Keeping keeping = new Callers.Keeping();
      ManagedChannel channel = setting.open(setting.channel().addService(Callers.known(keeping)));
      ConnectivityState unused = channel.getState(true);
      assertThat(keeping.callers.take()).isNotNull();
      channel.shutdownNow();
    }
  }

  @Test
  void aStreamBackThatNobodyReadsHoldsUpNoOtherCall() throws Exception {
    int count = 200;
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Callers.Keeping keeping = new Callers.Keeping();
      setting.start(setting.server().addService(Callers.known(keeping)));
      Channel channel = setting.open(setting.channel().addService(new EchoService()));
      Channel caller = keeping.callerOf(channel);
      Note many = LARGE.toBuilder().setCount(count).build(); // far more than the credit
      Iterator<Note> unread = EchoGrpc.newBlockingStub(caller).repeat(many);
      assertThat(unread.next()).isEqualTo(many);
      for (int call = 0; call < 100; call++) {
        assertThat(EchoGrpc.newBlockingStub(channel).unary(LARGE)).isEqualTo(LARGE);
        assertThat(EchoGrpc.newBlockingStub(caller).unary(LARGE)).isEqualTo(LARGE);
      }
      for (int read = 1; read < count; read++) {
        assertThat(unread.next()).isEqualTo(many);
      }
      assertThat(unread.hasNext()).isFalse();
    }
  }

  @Test
  void theChannelsInterceptorsAreForItsOwnCalls() throws Exception {
    AtomicInteger intercepted = new AtomicInteger();
    ClientInterceptor counting =
        new ClientInterceptor() {
          @Override
          public <Q, A> ClientCall<Q, A> interceptCall(
              MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            intercepted.incrementAndGet();
            return next.newCall(method, options);
          }
        };
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      EchoGrpc.EchoBlockingStub back =
          back(
              setting,
              setting.server(),
              setting.channel().intercept(counting).addService(new EchoService()));
      assertThat(back.unary(note("back"))).isEqualTo(note("back"));
      assertThat(intercepted.get()).isEqualTo(1);
    }
  }

  /** Notes who runs it. */
  private static final class Threads extends EchoGrpc.EchoImplBase {
    final Set<Thread> all = ConcurrentHashMap.newKeySet();

    @Override
    public void unary(Note request, StreamObserver<Note> responses) {
      all.add(Thread.currentThread());
      responses.onNext(request);
      responses.onCompleted();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCallerWhoWaitsRunsNoHandlers(Setting.Transport transport) throws Exception {
    try (Setting setting = new Setting(transport)) {
      Threads threads = new Threads();
      setting.start(
          setting
              .server()
              .addService(
                  Callers.known(
                      new EchoGrpc.EchoImplBase() {
                        @Override
                        public void unary(Note request, StreamObserver<Note> responses) {
                          responses.onNext(
                              EchoGrpc.newBlockingStub(Callers.caller()).unary(request));
                          responses.onCompleted();
                        }
                      })));
      ManagedChannel channel = setting.open(setting.channel().addService(threads));
      EchoGrpc.EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel);
      for (int call = 0; call < 200; call++) {
        assertThat(stub.unary(note("back"))).isEqualTo(note("back"));
      }
      assertThat(threads.all).isNotEmpty();
      assertThat(threads.all).doesNotContain(Thread.currentThread());
    }
  }

  @Test
  void handlersRunOnTheChannelsExecutor() throws Exception {
    AtomicReference<Thread> own = new AtomicReference<>();
    ExecutorService executor =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "of the test");
              own.set(thread);
              return thread;
            });
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Threads threads = new Threads();
      EchoGrpc.EchoBlockingStub back =
          back(setting, setting.server(), setting.channel().executor(executor).addService(threads));
      assertThat(back.unary(note("back"))).isEqualTo(note("back"));
      assertThat(threads.all).containsExactly(own.get());
    } finally {
      executor.shutdown();
    }
  }
}
