package dev.samehost.json;

import dev.samehost.bridge.Message;
import dev.samehost.transport.Fault;
import dev.samehost.transport.LinkException;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import java.util.concurrent.TimeUnit;

/**
 * What a request that is not refused has said before its body.
 *
 * @param served the method
 * @param isJson whether messages are JSON, and not protobuf's own bytes
 * @param isGzipped whether the body is compressed
 * @param takesGzip whether the answer may be
 * @param maxMessageBytes the largest message that the server takes
 */
record Head(
    Served served,
    boolean isJson,
    boolean isGzipped,
    boolean takesGzip,
    long timeoutMillis,
    Metadata metadata,
    int maxMessageBytes) {
  static final long NO_TIMEOUT = -1;
  private static final String SIDE = "server";

  CallOptions options() {
    return timeoutMillis == NO_TIMEOUT
        ? CallOptions.DEFAULT
        : CallOptions.DEFAULT.withDeadlineAfter(timeoutMillis, TimeUnit.MILLISECONDS);
  }

  /** The message that a body is. */
  Message message(byte[] body) throws Refusal {
    byte[] plain = isGzipped && body.length > 0 ? unpacked(body) : body;
    return Message.of(isJson ? served.fromJson(plain) : plain);
  }

  private byte[] unpacked(byte[] body) throws Refusal {
    try {
      return Message.unpacked(body, maxMessageBytes, SIDE, "the client");
    } catch (LinkException e) {
      // Over HTTP it is not the protocol that was broken.
      throw e.fault() == Fault.MESSAGE_UNDECODABLE
          ? Refusal.invalid(e.getMessage())
          : Refusal.of(e);
    }
  }

  /** A response that its server has compressed, unpacked. */
  Message plain(Message response) throws Refusal {
    try {
      return response.plain(Message.mostOfAnswers(maxMessageBytes), SIDE);
    } catch (LinkException e) {
      throw Refusal.of(e);
    }
  }
}
