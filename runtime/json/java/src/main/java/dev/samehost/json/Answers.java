package dev.samehost.json;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.samehost.bridge.Gzip;
import dev.samehost.bridge.Message;
import dev.samehost.transport.Fault;
import io.grpc.Metadata;
import io.grpc.Status;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/** What calls came to, as responses of HTTP. */
final class Answers {
  private static final String JSON = "application/json";
  private static final String PROTO = "application/proto";
  private static final String TRAILER = "trailer-";

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US);

  private Answers() {}

  static FullHttpResponse success(Head head, Metadata headers, Message message, Metadata trailers)
      throws Refusal {
    if (message == null) {
      throw Refusal.of(Fault.MESSAGE_MISSING, "the server");
    }
    boolean isGzipped = message.isCompressed() && head.takesGzip();
    byte[] body;
    if (head.isJson()) {
      byte[] json = head.served().toJson(head.plain(message).bytes());
      body = isGzipped ? gzipped(json) : json;
    } else {
      body = isGzipped ? message.bytes() : head.plain(message).bytes();
    }
    FullHttpResponse response =
        response(HttpResponseStatus.OK, head.isJson() ? JSON : PROTO, body, headers, trailers);
    if (isGzipped) {
      response.headers().set(HttpHeaderNames.CONTENT_ENCODING, Gzip.NAME);
    }
    return response;
  }

  private static byte[] gzipped(byte[] plain) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(all)) {
      gzip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException("an array takes all", e);
    }
    return all.toByteArray();
  }

  static FullHttpResponse failure(Status status, Metadata headers, Metadata trailers) {
    JsonArray details = Details.of(trailers);
    return response(Code.of(status).http(), JSON, error(status, details), headers, trailers);
  }

  static FullHttpResponse refusal(Refusal why) {
    byte[] body = error(why.status(), new JsonArray());
    FullHttpResponse response = response(why.http(), JSON, body, new Metadata(), new Metadata());
    if (why.header() != null) {
      response.headers().set(why.header(), why.value());
    }
    return response;
  }

  private static byte[] error(Status status, JsonArray details) {
    JsonObject error = new JsonObject();
    error.addProperty("code", Code.of(status).text());
    if (status.getDescription() != null) {
      error.addProperty("message", status.getDescription());
    }
    if (!details.isEmpty()) {
      error.add("details", details);
    }
    return error.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static FullHttpResponse response(
      HttpResponseStatus http, String type, byte[] body, Metadata headers, Metadata trailers) {
    FullHttpResponse response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, http, Unpooled.wrappedBuffer(body));
    HttpHeaders all = response.headers();
    Fields.add(all, "", headers);
    Fields.add(all, TRAILER, trailers);
    all.set(HttpHeaderNames.DATE, DATE.format(ZonedDateTime.now(ZoneOffset.UTC)));
    all.set(HttpHeaderNames.CONTENT_TYPE, type);
    all.set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    return response;
  }
}
