package dev.samehost.interop.suite;

import dev.samehost.interop.Keys;
import io.grpc.Metadata;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * One step of a case: a kind and what that kind takes. What a step does not say is null here; the
 * README of the interop tests says what each means.
 */
@SuppressWarnings("NotJavadoc") // a false alarm, for every comment in here
public record Step(
    String kind,
    String method,
    List<Integer> requests,
    List<Integer> responses,
    List<Boolean> compressed,
    List<Boolean> saysCompressed,
    List<Boolean> wantsCompressed,
    Boolean halfClose,
    List<Entry> metadata,
    EchoedStatus status,
    Integer deadlineMs,
    Limits channel,
    Integer count,
    Integer atOnce,
    Integer threads,
    Map<String, List<String>> sees,
    String side,
    Integer bytes,
    Integer requestBytes,
    Integer responseBytes,
    Integer messageBytes,
    String peer,
    String address,
    Boolean offers,
    Integer depth,
    Integer backDeadlineMs,
    String backCode,
    String backText,
    Expectation expect) {

  /** A pair of metadata; its value is a text, bytes in hex, or so many times the letter x. */
  public record Entry(String key, String text, String hex, Integer fill) {
    void putInto(Metadata metadata) {
      if (hex != null) {
        metadata.put(
            Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER), HexFormat.of().parseHex(hex));
      } else {
        metadata.put(
            Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER),
            fill == null ? text : "x".repeat(fill));
      }
    }
  }

  /** The status that the server is asked for. */
  public record EchoedStatus(int code, String message) {}

  /** A channel of its own, with these limits. */
  public record Limits(
      Integer maxMessageBytes,
      Integer maxMetadataBytes,
      Integer connectTimeoutMs,
      Integer helloTimeoutMs) {}

  /** The size of the message at this place of {@link #requests}, 0 where there is none. */
  public int request(int at) {
    return size(requests, at);
  }

  /** The size of the message at this place of {@link #responses}, 0 where there is none. */
  public int response(int at) {
    return size(responses, at);
  }

  private static int size(List<Integer> sizes, int at) {
    return sizes == null || at >= sizes.size() ? 0 : sizes.get(at);
  }

  /** What is expected; of a step that says nothing, success. */
  @Override
  public Expectation expect() {
    return expect == null ? Expectation.SUCCESS : expect;
  }

  /** The metadata to send, and a key by which the server knows the call, unless it is null. */
  public Metadata metadata(String key) {
    Metadata sent = new Metadata();
    if (metadata != null) {
      metadata.forEach(entry -> entry.putInto(sent));
    }
    if (key != null) {
      sent.put(Keys.TEST_KEY, key);
    }
    return sent;
  }
}
