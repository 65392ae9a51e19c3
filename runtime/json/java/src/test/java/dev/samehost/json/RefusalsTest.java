package dev.samehost.json;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import com.google.protobuf.Api;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is no call is refused in words, is not called, and leaves its connection usable. */
@Timeout(120)
final class RefusalsTest {
  private static final String JSON = "content-type: application/json";

  private final AtomicInteger called = new AtomicInteger();
  private Setting setting;
  private Client client;

  @BeforeEach
  void serve() throws Exception {
    begin(Setting.Case.UNIX);
  }

  private void begin(Setting.Case which) throws Exception {
    setting = new Setting(which);
    setting.start(
        Types.unary(
            (request, responses) -> {
              called.incrementAndGet();
              Types.answer(request, responses);
            }));
    client = setting.connect();
  }

  @AfterEach
  void end() throws Exception {
    int before = called.get();
    assertThat(client.call(Types.UNARY, "{}").status()).isEqualTo(200);
    assertWithMessage("calls before the last one").that(before).isEqualTo(0);
    setting.close();
  }

  private Client.Answer refusedOf(String head, String body) throws Exception {
    client.send(head + body);
    Client.Answer answer = client.answer();
    assertThat(answer.header("content-type")).isEqualTo("application/json");
    return answer;
  }

  private Client.Answer refused(String path, String body, String... headers) throws Exception {
    return refusedOf(Client.request(path, body, headers), "");
  }

  @Test
  void anotherMethodOfHttp() throws Exception {
    for (String method : new String[] {"GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
      Client.Answer answer =
          refusedOf(
              Client.head(method + " " + Types.UNARY + " HTTP/1.1", "content-length: 2"), "{}");
      assertThat(answer.status()).isEqualTo(405);
      assertThat(answer.header("allow")).isEqualTo("POST");
      assertThat(answer.code()).isEqualTo("unimplemented");
      assertThat(answer.message()).startsWith(method + " is not served");
    }
    client.send(Client.head("HEAD / HTTP/1.1"));
    String line = "";
    for (int each = client.next(); each != '\n'; each = client.next()) {
      line += (char) each;
    }
    assertThat(line.trim()).isEqualTo("HTTP/1.1 405 Method Not Allowed");
    client = setting.connect();
  }

  @Test
  void anotherContentTypeOrNone() throws Exception {
    for (String type :
        new String[] {"content-type: text/plain", "content-type: application/grpc", "x: y"}) {
      Client.Answer answer =
          refusedOf(
              Client.head("POST " + Types.UNARY + " HTTP/1.1", type, "content-length: 2"), "{}");
      assertThat(answer.status()).isEqualTo(415);
      assertThat(answer.header("accept-post")).isEqualTo("application/json, application/proto");
      assertThat(answer.code()).isEqualTo("unimplemented");
    }
  }

  @Test
  void aPathThatIsNoMethods() throws Exception {
    for (String path :
        new String[] {
          "/", "/one", "/one/", "//two", "/one/two/three", "*", "http://a/b", "http:a/b/c"
        }) {
      Client.Answer answer = refused(path, "{}");
      assertThat(answer.status()).isEqualTo(404);
      assertThat(answer.code()).isEqualTo("unimplemented");
    }
  }

  @Test
  void aMethodThatNobodyServes() throws Exception {
    for (String path : new String[] {"/no.Service/Unary", "/" + Types.SERVICE + "/Nothing"}) {
      Client.Answer answer = refused(path, "{}");
      assertThat(answer.status()).isEqualTo(501);
      assertThat(answer.code()).isEqualTo("unimplemented");
      assertThat(answer.message()).isEqualTo("Method not found: " + path.substring(1));
    }
  }

  @Test
  void aMethodThatStreams() throws Exception {
    Client.Answer answer = refused(Types.STREAM, "{}");
    assertThat(answer.status()).isEqualTo(501);
    assertThat(answer.code()).isEqualTo("unimplemented");
    assertThat(answer.message()).contains("over HTTP/1.1 there are unary methods alone");
  }

  @Test
  void aMethodThatIsFoundToStream() throws Exception {
    ServerCallHandler<Api, Api> twice =
        (call, headers) -> {
          call.sendHeaders(new Metadata());
          call.sendMessage(Api.getDefaultInstance());
          call.sendMessage(Api.getDefaultInstance());
          return new ServerCall.Listener<>() {}; // and never closes it
        };
    try (Setting other = new Setting(Setting.Case.UNIX)) {
      other.start(
          ServerServiceDefinition.builder(Types.SERVICE)
              .addMethod(Types.method("Unary", MethodType.UNKNOWN), twice)
              .build());
      Client.Answer answer = other.connect().call(Types.UNARY, "{}");
      assertThat(answer.status()).isEqualTo(501);
      assertThat(answer.message()).startsWith(Types.UNARY + " streams; over HTTP/1.1 there are ");
    }
  }

  @Test
  void whatIsNoJsonOfTheType() throws Exception {
    String deep = "[".repeat(100_000);
    for (String body :
        new String[] {
          "",
          " ",
          "nonsense",
          "{\"name\":",
          "[]",
          "null",
          "{\"name\":1}{",
          "{\"name\":{}}",
          deep,
          "{\"methods\":" + deep,
          "\u0000",
          "{\"mixins\":[null]}"
        }) {
      Client.Answer answer = refused(Types.UNARY, body);
      assertWithMessage(body).that(answer.status()).isEqualTo(400);
      assertThat(answer.code()).isEqualTo("invalid_argument");
      assertThat(answer.message()).startsWith("the body is no JSON of google.protobuf.Api: ");
    }
    String head = Client.head("POST " + Types.UNARY + " HTTP/1.1", JSON, "content-length: 12");
    client.send(head);
    client.send(new byte[] {'{', '"', 'n', 'a', 'm', 'e', '"', ':', '"', (byte) 0xff, '"', '}'});
    assertThat(client.answer().message()).startsWith("the body is no JSON of google.protobuf.Api");
  }

  @Test
  void whereAParserFoundWhatIsNoJson() throws Exception {
    assertThat(refused(Types.UNARY, "{\"name\":\n  x x}").message()).contains("line 2 column");
  }

  @Test
  void anotherVersionOfTheProtocol() throws Exception {
    Client.Answer answer = refused(Types.UNARY, "{}", "connect-protocol-version: 2");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.code()).isEqualTo("invalid_argument");
    assertThat(answer.message()).isEqualTo("connect-protocol-version is 1, not 2");
  }

  @Test
  void aTimeoutThatIsNoNumber() throws Exception {
    for (String timeout : new String[] {"12345678901", "-1", "1s", "", "1.5"}) {
      Client.Answer answer = refused(Types.UNARY, "{}", "connect-timeout-ms: " + timeout);
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.message()).startsWith("connect-timeout-ms is a number of at most ten dig");
    }
  }

  @Test
  void anEncodingThatIsNotTaken() throws Exception {
    Client.Answer answer = refused(Types.UNARY, "{}", "content-encoding: br");
    assertThat(answer.status()).isEqualTo(501);
    assertThat(answer.message()).isEqualTo("content-encoding br is not taken");
  }

  @Test
  void whatMetadataCannotCarry() throws Exception {
    for (String header :
        new String[] {"a!b: c", "text: é", "x-bin: ===", "x-bin: a b", "t: a\tb"}) {
      Client.Answer answer = refused(Types.UNARY, "{}", header);
      assertWithMessage(header).that(answer.status()).isEqualTo(400);
      assertThat(answer.code()).isEqualTo("invalid_argument");
      assertThat(answer.message()).startsWith("metadata " + header.split(":", 2)[0] + ": a ");
    }
  }

  @Test
  void aPageInABrowser() throws Exception {
    for (String origin : new String[] {"http://example.com", "null", "http://localhost"}) {
      Client.Answer answer = refused(Types.UNARY, "{}", "origin: " + origin);
      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.code()).isEqualTo("permission_denied");
      assertThat(answer.message()).contains("not for pages of the web");
    }
    // What a browser asks first.
    client.send(Client.head("OPTIONS " + Types.UNARY + " HTTP/1.1", "origin: http://example.com"));
    Client.Answer answer = client.answer();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.header("access-control-allow-origin")).isNull();
  }

  @Test
  void aNameThatWasMadeToLeadHereOverTcpAlone() throws Exception {
    String head = "POST " + Types.UNARY + " HTTP/1.1\r\n" + JSON + "\r\ncontent-length: 2\r\n";
    client.send(head + "host: evil.example\r\n\r\n{}");
    assertThat(client.answer().status()).isEqualTo(200);
    setting.close();
    begin(Setting.Case.TCP);
    called.set(0);
    for (String host :
        new String[] {
          "evil.example", "evil.example:80", "localhost.evil", "[evil]", "", "1.2.3.4.x"
        }) {
      Client.Answer answer = refusedOf(head + "host: " + host + "\r\n\r\n", "{}");
      assertWithMessage(host).that(answer.status()).isEqualTo(403);
      assertThat(answer.code()).isEqualTo("permission_denied");
    }
    refusedOf(head + "host: localhost\r\nhost: evil.example\r\n\r\n", "{}");
    String absolute = head.replace("/samehost", "http://evil.example/samehost");
    refusedOf(absolute + "host: localhost\r\n\r\n", "{}");
    assertThat(called.get()).isEqualTo(0);
    for (String host :
        new String[] {
          "localhost", "LOCALHOST:80", "a.localhost", "127.0.0.1:1", "[::1]:80", "10.0.0.1"
        }) {
      client.send(head + "host: " + host + "\r\n\r\n{}");
      assertWithMessage(host).that(client.answer().status()).isEqualTo(200);
    }
    called.set(0);
  }

  @Test
  void jsonOfMessagesWhoseTypeIsNotKnownWhileTheirBytesGo() throws Exception {
    MethodDescriptor.Marshaller<Api> typed = ProtoUtils.marshaller(Api.getDefaultInstance());
    MethodDescriptor.Marshaller<Api> untyped =
        new MethodDescriptor.Marshaller<>() {
          @Override
          public InputStream stream(Api value) {
            return typed.stream(value);
          }

          @Override
          public Api parse(InputStream stream) {
            return typed.parse(stream);
          }
        };
    MethodDescriptor<Api, Api> method =
        MethodDescriptor.newBuilder(untyped, untyped)
            .setFullMethodName("samehost.test.Untyped/Unary")
            .setType(MethodType.UNARY)
            .build();
    try (Setting other = new Setting(Setting.Case.UNIX)) {
      other.start(
          ServerServiceDefinition.builder("samehost.test.Untyped")
              .addMethod(method, ServerCalls.asyncUnaryCall(Types::answer))
              .build());
      Client of = other.connect();
      Client.Answer answer = of.call("/samehost.test.Untyped/Unary", "{}");
      assertThat(answer.status()).isEqualTo(501);
      assertThat(answer.code()).isEqualTo("unimplemented");
      assertThat(answer.message()).contains("application/proto goes");
      byte[] message = Api.newBuilder().setName("Ada").build().toByteArray();
      assertThat(of.proto("/samehost.test.Untyped/Unary", message).body().toByteArray())
          .isEqualTo(message);
    }
  }
}
