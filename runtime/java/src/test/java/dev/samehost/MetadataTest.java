package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.collect.ImmutableList;
import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.Peer;
import dev.samehost.wire.MetadataBlock;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingServerCall;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Metadata, trailers, status and what a handler learns of its caller. */
@Timeout(Setting.PATIENCE_SECONDS)
final class MetadataTest {
  private static final Metadata.Key<String> TEXT =
      Metadata.Key.of("samehost-text", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<byte[]> BINARY =
      Metadata.Key.of("samehost-data-bin", Metadata.BINARY_BYTE_MARSHALLER);
  private static final byte[] BYTES = {0, -1, 10, 13, 127, -128};

  /** Sends the request's metadata back, as headers and as trailers. */
  private static final class Mirror implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata request, ServerCallHandler<Q, A> next) {
      return next.startCall(
          new ForwardingServerCall.SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata headers) {
              headers.merge(request);
              super.sendHeaders(headers);
            }

            @Override
            public void close(Status status, Metadata trailers) {
              trailers.merge(request);
              super.close(status, trailers);
            }
          },
          request);
    }
  }

  @ParameterizedTest
  @EnumSource
  void headersAndTrailersKeepBinaryValuesDuplicatesAndOrder(Setting.Transport transport)
      throws Exception {
    try (Setting setting = new Setting(transport)) {
      setting.start(setting.server().addService(new EchoService()).intercept(new Mirror()));
      Metadata sent = new Metadata();
      sent.put(TEXT, "one");
      sent.put(TEXT, "two");
      sent.put(TEXT, "one");
      sent.put(BINARY, BYTES);
      sent.put(BINARY, new byte[0]);
      AtomicReference<Metadata> headers = new AtomicReference<>();
      AtomicReference<Metadata> trailers = new AtomicReference<>();
      ClientInterceptor[] interceptors = {
        MetadataUtils.newAttachHeadersInterceptor(sent),
        MetadataUtils.newCaptureMetadataInterceptor(headers, trailers)
      };
      setting.blocking().withInterceptors(interceptors).unary(note("x"));
      for (Metadata received : List.of(headers.get(), trailers.get())) {
        assertThat(received.getAll(TEXT)).containsExactly("one", "two", "one").inOrder();
        List<byte[]> binary = ImmutableList.copyOf(received.getAll(BINARY));
        assertThat(binary).hasSize(2);
        assertThat(binary.get(0)).isEqualTo(BYTES);
        assertThat(binary.get(1)).isEmpty();
      }
    }
  }

  @Test
  void aStatusArrivesWithItsTextAndTrailers() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      Metadata trailers = new Metadata();
      trailers.put(TEXT, "why");
      setting.start(
          setting
              .server()
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void unary(Note request, StreamObserver<Note> responses) {
                      responses.onError(
                          Status.DATA_LOSS
                              .withDescription("\t\ntest with ☺ and \uD83D\uDE08\t\n")
                              .asRuntimeException(trailers));
                    }
                  }));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> setting.blocking().unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DATA_LOSS);
      assertThat(failure.getStatus().getDescription())
          .isEqualTo("\t\ntest with ☺ and \uD83D\uDE08\t\n");
      assertThat(failure.getTrailers().get(TEXT)).isEqualTo("why");
    }
  }

  @Test
  void whatAHandlerThrowsDoesNotLeak() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(
          setting
              .server()
              .addService(
                  new EchoGrpc.EchoImplBase() {
                    @Override
                    public void unary(Note request, StreamObserver<Note> responses) {
                      throw new IllegalStateException("the password is 1234");
                    }
                  }));
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> setting.blocking().unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNKNOWN);
      assertThat(failure.getStatus().getDescription())
          .isEqualTo("Application error processing RPC");
    }
  }

  @Test
  void anUnknownMethodIsUnimplemented() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server());
      StatusRuntimeException failure =
          assertThrows(StatusRuntimeException.class, () -> setting.blocking().unary(note("x")));
      assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
      assertThat(failure.getStatus().getDescription())
          .isEqualTo("Method not found: samehost.test.Echo/Unary");
    }
  }

  @Test
  void aHandlerLearnsWhoCalls() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      AtomicReference<Peer> peer = new AtomicReference<>();
      AtomicReference<String> address = new AtomicReference<>();
      setting.start(
          setting
              .server()
              .addService(new EchoService())
              .intercept(
                  new ServerInterceptor() {
                    @Override
                    public <Q, A> ServerCall.Listener<Q> interceptCall(
                        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                      peer.set(call.getAttributes().get(SamehostAttributes.PEER));
                      address.set(
                          call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR).toString());
                      return next.startCall(call, headers);
                    }
                  }));
      setting.blocking().unary(note("x"));
      assertThat(address.get()).isEqualTo(setting.address());
      assertThat(peer.get().processId()).isEqualTo(OptionalLong.of(ProcessHandle.current().pid()));
      assertThat(peer.get().userId().isPresent()).isTrue();
    }
  }

  private static final Metadata.Key<String> TOO_LONG =
      Metadata.Key.of("k".repeat(256), Metadata.ASCII_STRING_MARSHALLER);

  @Test
  void metadataThatCannotBeSentFailTheCallAndSayWhy() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new EchoService()).intercept(new Mirror()));
      Metadata sent = new Metadata();
      sent.put(TOO_LONG, "v");
      EchoGrpc.EchoBlockingStub stub =
          setting.blocking().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(sent));
      Status status =
          assertThrows(StatusRuntimeException.class, () -> stub.unary(note("x"))).getStatus();
      assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(status.getDescription()).contains("of the request: not a metadata key");
    }
  }

  /** Adds metadata that cannot be sent to the headers or to the trailers. */
  private record Spoiler(boolean headers) implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata request, ServerCallHandler<Q, A> next) {
      return next.startCall(
          new ForwardingServerCall.SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata given) {
              if (headers) {
                given.put(TOO_LONG, "v");
              }
              super.sendHeaders(given);
            }

            @Override
            public void close(Status status, Metadata trailers) {
              if (!headers) {
                trailers.put(TOO_LONG, "v");
              }
              super.close(status, trailers);
            }
          },
          request);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aHandlerWhoseMetadataCannotBeSentFailsItsCallAndDoesNotLeaveItOpen(boolean headers)
      throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      setting.start(setting.server().addService(new EchoService()).intercept(new Spoiler(headers)));
      Status status =
          assertThrows(
                  StatusRuntimeException.class,
                  () -> setting.blocking().withDeadlineAfter(20, TimeUnit.SECONDS).unary(note("x")))
              .getStatus();
      assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(status.getDescription()).contains(headers ? "of the headers" : "of the trailers");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"two\nlines", "\u0000", "\u007F"})
  void aTextWithControlCharactersIsNotSent(String text) throws Exception {
    try (Setting setting = new Setting(Setting.Transport.PAIR)) {
      setting.start(setting.server().addService(new EchoService()).intercept(new Mirror()));
      Metadata sent = new Metadata();
      sent.put(TEXT, text);
      sent.put(TEXT, "plain ~");
      AtomicReference<Metadata> headers = new AtomicReference<>();
      ClientInterceptor[] interceptors = {
        MetadataUtils.newAttachHeadersInterceptor(sent),
        MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>())
      };
      setting.blocking().withInterceptors(interceptors).unary(note("x"));
      assertThat(headers.get().getAll(TEXT)).containsExactly("plain ~"); // as gRPC does
    }
  }

  @Test
  void aTextThatIsNotPrintableIsNotTaken() {
    MetadataBlock.Builder block = MetadataBlock.builder();
    for (byte[] value : new byte[][] {{'o', 'k', ' ', '~'}, {'\t'}, {0x7F}, {(byte) 0xC3}, {}}) {
      block.add(TEXT.name(), value);
    }
    block.add(BINARY.name(), BYTES);
    Metadata taken = MetadataBlocks.toMetadata(block.build());
    assertThat(taken.getAll(TEXT)).containsExactly("ok ~", "").inOrder();
    assertThat(taken.get(BINARY)).isEqualTo(BYTES);
  }

  @Test
  void whatTheFramesSayIsNotTakenForMetadata() {
    MetadataBlock.Builder block = MetadataBlock.builder();
    String[] reserved = {"te", "content-type", "grpc-timeout", "grpc-status", "grpc-message"};
    for (String name : reserved) {
      block.add(name, new byte[] {'5'});
    }
    block.add(BINARY.name(), BYTES);
    assertThat(MetadataBlocks.toMetadata(block.build()).keys()).containsExactly(BINARY.name());
  }
}
