package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Api;
import com.google.protobuf.Field;
import dev.samehost.SamehostAttributes;
import dev.samehost.transport.Peer;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls as the contract has them: what a request says, what its answer says. */
@Timeout(120)
final class CallsTest {
  private static final Metadata.Key<String> TEXT =
      Metadata.Key.of("text", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<byte[]> BYTES =
      Metadata.Key.of("bytes-bin", Metadata.BINARY_BYTE_MARSHALLER);

  @ParameterizedTest
  @EnumSource
  void aMessageOfJsonIsAnsweredWithOne(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client.Answer answer =
          setting.connect().call(Types.UNARY, "{\"name\":\"Ada\",\"methods\":[{\"name\":\"é\"}]}");
      assertThat(answer.head().get(0)).isEqualTo("HTTP/1.1 200 OK");
      assertThat(answer.header("content-type")).isEqualTo("application/json");
      assertThat(answer.header("date")).matches("..., \\d\\d ... \\d{4} \\d\\d:\\d\\d:\\d\\d GMT");
      assertThat(answer.header("connection")).isNull();
      assertThat(answer.text()).isEqualTo("{\"name\":\"Ada\",\"methods\":[{\"name\":\"é\"}]}");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMessageOfProtobufsOwnBytesIsAnsweredWithOne(Setting.Case which) throws Exception {
    Api message = Api.newBuilder().setName("Ada").setVersion("x".repeat(1_000_000)).build();
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client.Answer answer = setting.connect().proto(Types.UNARY, message.toByteArray());
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("content-type")).isEqualTo("application/proto");
      assertThat(Api.parseFrom(answer.body())).isEqualTo(message);
    }
  }

  @ParameterizedTest
  @EnumSource
  void largeMessagesPassBothWays(Setting.Case which) throws Exception {
    String json = "{\"name\":\"" + "x".repeat(3_000_000) + "\"}";
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client client = setting.connect();
      for (int i = 0; i < 3; i++) {
        assertThat(client.call(Types.UNARY, json).text()).isEqualTo(json);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatJsonSaysBeyondTheTypeIsIgnoredAndSoAreParametersOfItsContentType(Setting.Case which)
      throws Exception {
    String json = "{\"name\":\"Ada\",\"newer\":{\"a\":[1]}}";
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client client = setting.connect();
      client.send(
          Client.head(
                  "POST " + Types.UNARY + "?query HTTP/1.1",
                  "Content-Type: Application/JSON; charset=utf-8",
                  "Content-Length: " + json.length())
              + json);
      Client.Answer answer = client.answer();
      assertThat(answer.text()).isEqualTo("{\"name\":\"Ada\"}");
      assertThat(answer.header("content-type")).isEqualTo("application/json");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aTargetMayBeAWholeAddress(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      assertThat(setting.connect().call("http://localhost:80" + Types.UNARY, "{}").text())
          .isEqualTo("{}");
    }
  }

  @ParameterizedTest
  @EnumSource
  void anAnyMayHoldTheTypesThatTheMethodsOwnOnesKnow(Setting.Case which) throws Exception {
    String type = "type.googleapis.com/" + Field.getDescriptor().getFullName();
    String json =
        "{\"options\":[{\"name\":\"o\",\"value\":{\"@type\":\"" + type + "\",\"name\":\"f\"}}]}";
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      assertThat(setting.connect().call(Types.UNARY, json).text()).isEqualTo(json);
    }
  }

  /** Answers a call's headers, and its trailers, with what the call has said. */
  private static final class Mirrored implements ServerInterceptor {
    final CompletableFuture<Metadata> seen = new CompletableFuture<>();

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      seen.complete(headers);
      return next.startCall(
          new SimpleForwardingServerCall<Q, A>(call) {
            @Override
            public void sendHeaders(Metadata response) {
              copy(headers, response);
              super.sendHeaders(response);
            }

            @Override
            public void close(Status status, Metadata trailers) {
              copy(headers, trailers);
              super.close(status, trailers);
            }
          },
          headers);
    }

    private static void copy(Metadata from, Metadata to) {
      if (from.containsKey(TEXT)) {
        from.getAll(TEXT).forEach(each -> to.put(TEXT, each));
      }
      if (from.containsKey(BYTES)) {
        from.getAll(BYTES).forEach(each -> to.put(BYTES, each));
      }
      to.put(Metadata.Key.of("content-kind", Metadata.ASCII_STRING_MARSHALLER), "of http");
      to.put(Metadata.Key.of("broken", Metadata.ASCII_STRING_MARSHALLER), "a\r\nb: c");
    }
  }

  private static String base64(int... bytes) {
    byte[] all = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      all[i] = (byte) bytes[i];
    }
    return Base64.getEncoder().encodeToString(all);
  }

  @ParameterizedTest
  @EnumSource
  void headersAreMetadataAndMetadataAreHeaders(Setting.Case which) throws Exception {
    Mirrored mirrored = new Mirrored();
    try (Setting setting = new Setting(which)) {
      setting.start(setting.server().addService(Types.echo()).intercept(mirrored));
      Client.Answer answer =
          setting
              .connect()
              .call(
                  Types.UNARY,
                  "{}",
                  "TEXT: one, two",
                  "text: three",
                  "bytes-bin: " + base64(1) + ", " + base64(2, 255).replace("=", ""),
                  "Bytes-Bin: ",
                  "user-agent: curl",
                  "authorization: Bearer of good news",
                  "accept: */*",
                  "te: trailers",
                  "content-language: en",
                  "keep-alive: 3",
                  "grpc-timeout: 1n",
                  "connect-anything: x",
                  "proxy-authorization: x");
      Metadata seen = mirrored.seen.get();
      assertThat(seen.keys()).containsExactly("text", "bytes-bin", "user-agent", "authorization");
      assertThat(seen.getAll(TEXT)).containsExactly("one, two", "three").inOrder();
      assertThat(seen.getAll(BYTES))
          .comparingElementsUsing(BYTEWISE)
          .containsExactly(new byte[] {1}, new byte[] {2, -1}, new byte[0])
          .inOrder();
      assertThat(answer.status()).isEqualTo(200);
      for (String prefix : new String[] {"", "trailer-"}) {
        assertThat(answer.headers(prefix + "text")).containsExactly("one, two", "three").inOrder();
        assertThat(answer.headers(prefix + "bytes-bin")).containsExactly("AQ", "Av8", "").inOrder();
        assertThat(answer.headers(prefix + "content-kind")).isEmpty();
        assertThat(answer.headers(prefix + "broken")).isEmpty();
      }
      assertThat(answer.headers("b")).isEmpty();
    }
  }

  private static final com.google.common.truth.Correspondence<byte[], byte[]> BYTEWISE =
      com.google.common.truth.Correspondence.from(java.util.Arrays::equals, "has the bytes of");

  @ParameterizedTest
  @EnumSource
  void aFailureIsJsonWithTheCallsMetadata(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(
          setting
              .server()
              .addService(
                  Types.unary(
                      (request, responses) ->
                          responses.onError(
                              Status.NOT_FOUND.withDescription("no \"Ada\" é").asException())))
              .intercept(new Mirrored()));
      Client client = setting.connect();
      Client.Answer answer = client.call(Types.UNARY, "{}", "text: one");
      assertThat(answer.head().get(0)).isEqualTo("HTTP/1.1 404 Not Found");
      assertThat(answer.header("content-type")).isEqualTo("application/json");
      assertThat(answer.text())
          .isEqualTo("{\"code\":\"not_found\",\"message\":\"no \\\"Ada\\\" é\"}");
      assertThat(answer.headers("trailer-text")).containsExactly("one");
      answer = client.proto(Types.UNARY, new byte[0]);
      assertThat(answer.header("content-type")).isEqualTo("application/json");
      assertThat(answer.code()).isEqualTo("not_found");
    }
  }

  @ParameterizedTest
  @EnumSource
  void detailsOfAFailureAreInItsJson(Setting.Case which) throws Exception {
    // google.rpc.Status: code 5, message "m", details: two of google.protobuf.Any.
    byte[] status = {
      8, 5, 18, 1, 'm', 26, 10, 10, 5, 'a', '/', 'x', '.', 'Y', 18, 1, (byte) 255, 26, 3, 10, 1, 'z'
    };
    Metadata trailers = new Metadata();
    trailers.put(
        Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER), status);
    try (Setting setting = new Setting(which)) {
      setting.start(
          Types.unary(
              (request, responses) ->
                  responses.onError(new StatusRuntimeException(Status.NOT_FOUND, trailers))));
      Client.Answer answer = setting.connect().call(Types.UNARY, "{}");
      assertThat(answer.text())
          .isEqualTo(
              "{\"code\":\"not_found\",\"details\":"
                  + "[{\"type\":\"x.Y\",\"value\":\"/w\"},{\"type\":\"z\",\"value\":\"\"}]}");
      assertThat(answer.headers("trailer-grpc-status-details-bin")).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyCodeHasItsStatusOfHttp(Setting.Case which) throws Exception {
    String[] expected = {
      "canceled 499",
      "unknown 500",
      "invalid_argument 400",
      "deadline_exceeded 504",
      "not_found 404",
      "already_exists 409",
      "permission_denied 403",
      "resource_exhausted 429",
      "failed_precondition 400",
      "aborted 409",
      "out_of_range 400",
      "unimplemented 501",
      "internal 500",
      "unavailable 503",
      "data_loss 500",
      "unauthenticated 401"
    };
    try (Setting setting = new Setting(which)) {
      setting.start(
          Types.unary(
              (request, responses) ->
                  responses.onError(
                      Status.fromCodeValue(Integer.parseInt(request.getName())).asException())));
      Client client = setting.connect();
      for (int code = 1; code <= 16; code++) {
        Client.Answer answer = client.call(Types.UNARY, "{\"name\":\"" + code + "\"}");
        assertThat(answer.code() + " " + answer.status()).isEqualTo(expected[code - 1]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aTimeoutIsTheHandlersDeadlineAndEndsTheCall(Setting.Case which) throws Exception {
    CompletableFuture<Long> left = new CompletableFuture<>();
    CompletableFuture<Boolean> cancelled = new CompletableFuture<>();
    try (Setting setting = new Setting(which)) {
      setting.start(
          Types.unary(
              (request, responses) -> {
                Context.current().addListener(over -> cancelled.complete(true), Runnable::run);
                left.complete(Context.current().getDeadline().timeRemaining(TimeUnit.MILLISECONDS));
              }));
      Client client = setting.connect();
      Client.Answer answer = client.call(Types.UNARY, "{}", "connect-timeout-ms: 1500");
      assertThat(answer.status()).isEqualTo(504);
      assertThat(answer.code()).isEqualTo("deadline_exceeded");
      assertThat(left.get()).isAtMost(1500L);
      assertThat(left.get()).isGreaterThan(0L);
      assertThat(cancelled.get(Setting.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
      assertThat(client.call(Types.UNARY, "{}", "connect-timeout-ms: 0").status()).isEqualTo(504);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aHandlerKnowsWhoCallsAndByWhatMedium(Setting.Case which) throws Exception {
    CompletableFuture<String> medium = new CompletableFuture<>();
    CompletableFuture<Peer> peer = new CompletableFuture<>();
    ServerInterceptor looks =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            medium.complete(call.getAttributes().get(SamehostAttributes.MEDIUM));
            peer.complete(call.getAttributes().get(SamehostAttributes.PEER));
            return next.startCall(call, headers);
          }
        };
    try (Setting setting = new Setting(which)) {
      setting.start(setting.server().addService(Types.echo()).intercept(looks));
      assertThat(setting.connect().call(Types.UNARY, "{}").text()).isEqualTo("{}");
      assertThat(medium.get()).isEqualTo("JSON over HTTP/1.1");
      if (which == Setting.Case.UNIX) {
        assertThat(peer.get().processId().getAsLong()).isEqualTo(ProcessHandle.current().pid());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void anExecutorThatIsGivenRunsTheHandlers(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(
          setting
              .server()
              .executor(task -> new Thread(task, "given").start())
              .addService(
                  Types.unary(
                      (request, responses) ->
                          Types.answer(
                              Api.newBuilder().setName(Thread.currentThread().getName()).build(),
                              responses))));
      assertThat(setting.connect().call(Types.UNARY, "{}").text())
          .isEqualTo("{\"name\":\"given\"}");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBodyMayComeInChunks(Setting.Case which) throws Exception {
    try (Setting setting = new Setting(which)) {
      setting.start(Types.echo());
      Client client = setting.connect();
      client.send(
          Client.head(
              "POST " + Types.UNARY + " HTTP/1.1",
              "content-type: application/json",
              "transfer-encoding: chunked"));
      for (String piece : new String[] {"{\"name\":", "\"A", "da\"}"}) {
        client.send(Integer.toHexString(piece.length()) + "\r\n" + piece + "\r\n");
        TimeUnit.MILLISECONDS.sleep(5);
      }
      client.send("0\r\nlate: trailer\r\n\r\n".getBytes(UTF_8));
      assertThat(client.answer().text()).isEqualTo("{\"name\":\"Ada\"}");
      assertThat(client.call(Types.UNARY, "{}").text()).isEqualTo("{}");
    }
  }
}
