package dev.samehost.json;

import dev.samehost.bridge.Message;
import dev.samehost.transport.Fault;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;

/**
 * What a request that is not refused has said before its body.
 *
 * @param served the method
 * @param isJson whether messages are JSON, and not protobuf's own bytes
 * @param isGzipped whether the body is compressed
 * @param takesGzip whether the answer may be
 */
record Head(
    Served served,
    boolean isJson,
    boolean isGzipped,
    boolean takesGzip,
    long timeoutMillis,
    Metadata metadata) {
  static final long NO_TIMEOUT = -1;

  CallOptions options() {
    return timeoutMillis == NO_TIMEOUT
        ? CallOptions.DEFAULT
        : CallOptions.DEFAULT.withDeadlineAfter(timeoutMillis, TimeUnit.MILLISECONDS);
  }

  /** The message that a body is. */
  Message message(byte[] body, int maxMessageBytes) throws Refusal {
    byte[] plain = isGzipped && body.length > 0 ? inflated(body, maxMessageBytes) : body;
    return Message.of(isJson ? served.fromJson(plain) : plain);
  }

  private static byte[] inflated(byte[] body, int maxMessageBytes) throws Refusal {
    byte[] plain;
    boolean isAll;
    try (InputStream stream = new GZIPInputStream(new ByteArrayInputStream(body))) {
      plain = stream.readNBytes(maxMessageBytes);
      isAll = stream.read() < 0;
    } catch (IOException e) {
      throw Refusal.invalid(Fault.MESSAGE_UNDECODABLE.text("the client", e.getMessage()));
    }
    if (!isAll) {
      throw Refusal.inflated(maxMessageBytes);
    }
    return plain;
  }
}
