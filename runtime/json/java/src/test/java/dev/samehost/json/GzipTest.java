package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Api;
import dev.samehost.SamehostServerBuilder;
import io.grpc.Codec;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Compression by gzip, of what a client sends and of what a server has chosen to compress. */
@Timeout(120)
final class GzipTest {
  private static final String JSON = "{\"name\":\"" + "Ada ".repeat(1_000) + "\"}";

  private Setting setting;

  @BeforeEach
  void begin() throws IOException {
    setting = new Setting(Setting.Case.UNIX);
  }

  @AfterEach
  void end() throws Exception {
    setting.close();
  }

  /** Has every response compressed. */
  private static final class Compressing implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      call.setCompression("gzip");
      return next.startCall(call, headers);
    }
  }

  private static byte[] gzipped(byte[] plain) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(all)) {
      gzip.write(plain);
    }
    return all.toByteArray();
  }

  private static byte[] inflated(byte[] gzipped) throws IOException {
    return new GZIPInputStream(new ByteArrayInputStream(gzipped)).readAllBytes();
  }

  private static Client.Answer send(Client client, byte[] body) throws IOException {
    client.send(
        Client.head(
            "POST " + Types.UNARY + " HTTP/1.1",
            "content-type: application/json",
            "content-encoding: gzip",
            "content-length: " + body.length));
    client.send(body);
    return client.answer();
  }

  @Test
  void aBodyIsInflated() throws Exception {
    setting.start(Types.echo());
    Client client = setting.connect();
    assertThat(send(client, gzipped(JSON.getBytes(UTF_8))).text()).isEqualTo(JSON);
    byte[] message = Api.newBuilder().setName("Ada").build().toByteArray();
    assertThat(
            client
                .proto(Types.UNARY, gzipped(message), "content-encoding: gzip")
                .body()
                .toByteArray())
        .isEqualTo(message);
    assertThat(client.call(Types.UNARY, "{}", "content-encoding: identity").text()).isEqualTo("{}");
    // Nothing is not compressed, whatever is said of it.
    assertThat(client.proto(Types.UNARY, new byte[0], "content-encoding: gzip").status())
        .isEqualTo(200);
  }

  @Test
  void aBodyThatIsNoGzipOrIsCutIsRefused() throws Exception {
    setting.start(Types.echo());
    Client client = setting.connect();
    byte[] whole = gzipped(JSON.getBytes(UTF_8));
    for (byte[] body : new byte[][] {{'{', '}'}, Arrays.copyOf(whole, whole.length - 9)}) {
      Client.Answer answer = send(client, body);
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.code()).isEqualTo("invalid_argument");
      assertThat(answer.message()).startsWith("the message of the client cannot be decoded: ");
    }
    assertThat(send(client, whole).text()).isEqualTo(JSON);
  }

  @Test
  void aBodyOfManyEmptyMembersIsRefused() throws Exception {
    setting.start(Types.echo());
    byte[] empty = gzipped(new byte[0]);
    byte[] many = new byte[50_000 * empty.length];
    for (int at = 0; at < many.length; at += empty.length) {
      System.arraycopy(empty, 0, many, at, empty.length);
    }
    Client.Answer answer = send(setting.connect(), many);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.code()).isEqualTo("invalid_argument");
  }

  @Test
  void aBodyIsInflatedWithinTheLimitOfMessages() throws Exception {
    setting.start(setting.server().maxInboundMessageSize(5_000).addService(Types.echo()));
    Client client = setting.connect();
    assertThat(send(client, gzipped(JSON.getBytes(UTF_8))).text()).isEqualTo(JSON);
    Client.Answer answer = send(client, gzipped(new byte[2_000_000]));
    assertThat(answer.status()).isEqualTo(429);
    assertThat(answer.code()).isEqualTo("resource_exhausted");
    assertThat(answer.message())
        .startsWith("the decompressed message exceeds maximum of 5000 bytes that the server takes");
    assertThat(client.call(Types.UNARY, "{}").text()).isEqualTo("{}");
  }

  @Test
  void anAnswerThatIsCompressedIsUnpackedWithinALimit() throws Exception {
    Api huge = Api.newBuilder().setName("A".repeat(64 << 20)).build();
    setting.start(
        setting
            .server()
            .intercept(new Compressing())
            .addService(Types.unary((request, responses) -> Types.answer(huge, responses))));
    for (Client.Answer answer :
        List.of(
            setting.connect().call(Types.UNARY, "{}"),
            setting.connect().proto(Types.UNARY, new byte[0]))) {
      assertThat(answer.status()).isEqualTo(429);
      assertThat(answer.code()).isEqualTo("resource_exhausted");
      assertThat(answer.message())
          .startsWith("the decompressed message exceeds maximum of 67108864 bytes");
    }
  }

  @Test
  void aServerThatTakesNoGzipTakesNoneHere() throws Exception {
    SamehostServerBuilder server =
        setting
            .server()
            .decompressorRegistry(
                DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false));
    setting.start(server.addService(Types.echo()));
    Client.Answer answer = send(setting.connect(), gzipped(JSON.getBytes(UTF_8)));
    assertThat(answer.status()).isEqualTo(501);
    assertThat(answer.message()).isEqualTo("content-encoding gzip is not taken");
  }

  @Test
  void whatTheServerCompressesComesCompressedToWhoTakesIt() throws Exception {
    setting.start(setting.server().intercept(new Compressing()).addService(Types.echo()));
    Client client = setting.connect();
    for (String taken : new String[] {"gzip", "br, GZIP;q=0.5", "deflate,gzip"}) {
      Client.Answer answer = client.call(Types.UNARY, JSON, "accept-encoding: " + taken);
      assertThat(answer.header("content-encoding")).isEqualTo("gzip");
      assertThat(inflated(answer.body().toByteArray())).isEqualTo(JSON.getBytes(UTF_8));
    }
    byte[] message = Api.newBuilder().setName("Ada ".repeat(100)).build().toByteArray();
    Client.Answer answer = client.proto(Types.UNARY, message, "accept-encoding: gzip");
    assertThat(answer.header("content-encoding")).isEqualTo("gzip");
    assertThat(inflated(answer.body().toByteArray())).isEqualTo(message);
  }

  @Test
  void whatTheServerCompressesComesPlainToWhoDoesNotTakeIt() throws Exception {
    setting.start(setting.server().intercept(new Compressing()).addService(Types.echo()));
    Client client = setting.connect();
    for (String taken : new String[] {"x: y", "accept-encoding: br", "accept-encoding: gzip;q=0"}) {
      Client.Answer answer = client.call(Types.UNARY, JSON, taken);
      assertThat(answer.header("content-encoding")).isNull();
      assertThat(answer.text()).isEqualTo(JSON);
    }
    byte[] message = Api.newBuilder().setName("Ada ".repeat(100)).build().toByteArray();
    assertThat(client.proto(Types.UNARY, message).body().toByteArray()).isEqualTo(message);
  }

  @Test
  void whatTheServerDoesNotCompressComesPlain() throws Exception {
    setting.start(
        setting
            .server()
            .compressorRegistry(CompressorRegistry.getDefaultInstance())
            .addService(Types.echo()));
    Client.Answer answer = setting.connect().call(Types.UNARY, JSON, "accept-encoding: gzip");
    assertThat(answer.header("content-encoding")).isNull();
    assertThat(answer.text()).isEqualTo(JSON);
  }
}
