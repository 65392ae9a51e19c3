package dev.samehost.http2;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.SamehostAttributes;
import dev.samehost.transport.Peer;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is at the other end of a connection over HTTP/2, and what can be asked of it. */
@Timeout(120)
final class PeersTest {
  private static final byte[] REQUEST = "request".getBytes(UTF_8);

  /** Keeps the attributes of the last call. */
  private static final class Seen implements ServerInterceptor {
    final CompletableFuture<Attributes> attributes = new CompletableFuture<>();

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      attributes.complete(call.getAttributes());
      return next.startCall(call, headers);
    }
  }

  private static void isThisProcess(Peer peer, String address) {
    assertThat(peer.address()).isEqualTo(address);
    assertThat(peer.processId().getAsLong()).isEqualTo(ProcessHandle.current().pid());
  }

  @Test
  void aHandlerSeesWhoItsCallerIsAndWhatCarriesTheCall() throws Exception {
    Seen seen = new Seen();
    try (Setting setting = new Setting(Setting.Case.SERVING_UNIX)) {
      setting.start(ServerInterceptors.intercept(Echo.service(), seen));
      ClientCalls.blockingUnaryCall(setting.open(), Echo.UNARY, CallOptions.DEFAULT, REQUEST);
      Attributes attributes = seen.attributes.get();
      isThisProcess(attributes.get(SamehostAttributes.PEER), setting.address());
      assertThat(attributes.get(SamehostAttributes.MEDIUM)).isEqualTo("gRPC over HTTP/2");
    }
  }

  @Test
  void aHandlerSeesTheTlsOfItsCaller() throws Exception {
    Seen seen = new Seen();
    try (Setting setting = new Setting(Setting.Case.SERVING_TLS)) {
      setting.start(ServerInterceptors.intercept(Echo.service(), seen));
      ClientCalls.blockingUnaryCall(setting.open(), Echo.UNARY, CallOptions.DEFAULT, REQUEST);
      SSLSession session = seen.attributes.get().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
      assertThat(session.getProtocol()).isEqualTo("TLSv1.3");
    }
  }

  @Test
  void aHandlerCannotCallItsCallerBack() throws Exception {
    Seen seen = new Seen();
    try (Setting setting = new Setting(Setting.Case.SERVING_UNIX)) {
      setting.start(ServerInterceptors.intercept(Echo.service(), seen));
      ClientCalls.blockingUnaryCall(setting.open(), Echo.UNARY, CallOptions.DEFAULT, REQUEST);
      Channel back = seen.attributes.get().get(SamehostAttributes.CALLER);
      StatusRuntimeException refusal =
          assertThrows(
              StatusRuntimeException.class,
              () -> ClientCalls.blockingUnaryCall(back, Echo.UNARY, CallOptions.DEFAULT, REQUEST));
      assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    }
  }

  @Test
  void aCallSeesWhoItsServerIsAndWhatCarriesIt() throws Exception {
    try (Setting setting = new Setting(Setting.Case.CALLING_UNIX)) {
      setting.start(Echo.service());
      ClientCall<byte[], byte[]> call = setting.open().newCall(Echo.UNARY, CallOptions.DEFAULT);
      CompletableFuture<Status> closed = new CompletableFuture<>();
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onClose(Status status, Metadata trailers) {
              closed.complete(status);
            }
          },
          new Metadata());
      call.request(1);
      call.sendMessage(REQUEST);
      call.halfClose();
      assertThat(closed.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(Status.OK);
      isThisProcess(call.getAttributes().get(SamehostAttributes.PEER), setting.address());
      assertThat(call.getAttributes().get(SamehostAttributes.MEDIUM)).isEqualTo("gRPC over HTTP/2");
    }
  }
}
