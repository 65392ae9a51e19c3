package dev.samehost;

import static com.google.common.truth.Truth.assertThat;
import static dev.samehost.Setting.note;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.samehost.test.EchoGrpc;
import dev.samehost.transport.Address;
import dev.samehost.transport.Fault;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the two ends of a call learn of what carries it. */
@Timeout(Setting.PATIENCE_SECONDS)
final class MediumTest {
  private static final String UNSEEN = "not seen";

  private final AtomicReference<String> client = new AtomicReference<>(UNSEEN);
  private final AtomicReference<String> server = new AtomicReference<>(UNSEEN);

  private final class Noting implements ClientInterceptor, ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      server.set(call.getAttributes().get(SamehostAttributes.MEDIUM));
      return next.startCall(call, headers);
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      ClientCall<Q, A> call = next.newCall(method, options);
      return new ForwardingClientCall.SimpleForwardingClientCall<>(call) {
        @Override
        public void start(Listener<A> listener, Metadata request) {
          super.start(
              new ForwardingClientCallListener.SimpleForwardingClientCallListener<>(listener) {
                @Override
                public void onHeaders(Metadata headers) {
                  client.set(call.getAttributes().get(SamehostAttributes.MEDIUM));
                  super.onHeaders(headers);
                }
              },
              request);
        }
      };
    }
  }

  private void start(Setting setting) throws IOException {
    setting.start(setting.server().addService(new EchoService()).intercept(new Noting()));
  }

  private void call(Setting setting, String address) {
    SamehostChannelBuilder channel =
        SamehostChannelBuilder.forAddress(address).intercept(new Noting());
    assertThat(EchoGrpc.newBlockingStub(setting.open(channel)).unary(note("x")))
        .isEqualTo(note("x"));
  }

  @Test
  void bothEndsOfACallThroughSharedMemoryAreToldSo() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      start(setting);
      call(setting, setting.address().replace("unix:", "shm:"));
    }
    assertThat(client.get()).isEqualTo("shared memory, 1048576 bytes each way");
    assertThat(server.get()).isEqualTo(client.get());
  }

  @Test
  void anAddressThatLeavesNothingOpenSaysNothing() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX)) {
      start(setting);
      call(setting, setting.address());
    }
    assertThat(client.get()).isNull();
    assertThat(server.get()).isNull();
  }

  @Test
  void aClientWhoseServerHasNoMemoryToGiveIsToldSoAndWhy() throws Exception {
    try (Setting setting = new Setting(Setting.Transport.UNIX);
        ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      start(setting);
      Path path = setting.folder().resolve("door");
      door.bind(UnixDomainSocketAddress.of(path));
      Path behind = setting.folder().resolve("socket");
      new Thread(() -> refuseMemory(door, behind)).start();
      call(setting, "shm:" + path);
      String why = Fault.SHM_FALLBACK.text(new Address("shm", path.toString()), "none today");
      assertThat(client.get()).isEqualTo(why);
    }
    assertThat(server.get()).isNull();
  }

  /** Refuses the offer of one client, and hands on all that follows to the server behind it. */
  private static void refuseMemory(ServerSocketChannel door, Path behind) {
    try (SocketChannel near = door.accept();
        SocketChannel far = SocketChannel.open(UnixDomainSocketAddress.of(behind))) {
      ByteBuffer offer = ByteBuffer.allocate(16);
      while (offer.hasRemaining() && near.read(offer) >= 0) {
        // The offer has a fixed size.
      }
      byte[] text = "none today".getBytes(UTF_8);
      ByteBuffer refusal =
          ByteBuffer.allocate(16 + text.length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .put(new byte[] {(byte) 0xF6, 'S', 'H', 'M', 1, 2})
              .putShort((short) text.length)
              .putLong(0)
              .put(text)
              .flip();
      near.write(refusal);
      Thread back = new Thread(() -> handOn(far, near));
      back.start();
      handOn(near, far);
      back.join();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void handOn(SocketChannel from, SocketChannel to) {
    ByteBuffer bytes = ByteBuffer.allocate(4096);
    try {
      while (from.read(bytes) >= 0) {
        bytes.flip();
        while (bytes.hasRemaining()) {
          to.write(bytes);
        }
        bytes.clear();
      }
      to.shutdownOutput();
    } catch (IOException e) {
      // One of the two has closed the connection, which is how it ends.
    }
  }
}
