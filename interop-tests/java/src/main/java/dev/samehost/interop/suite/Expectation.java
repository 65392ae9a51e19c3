package dev.samehost.interop.suite;

import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a call must end. What is null is not looked at.
 *
 * @param code the name of the status code; OK when null
 * @param text what the status text must contain
 * @param textIs what the status text must be
 * @param fault the fault of the catalogue whose text it must be, by the name of the transport; "*"
 *     for those that are not named
 * @param values what must stand at placeholders of that text
 * @param headers what the response headers must hold, in this order
 * @param trailers what the trailers must hold, in this order
 * @param ended what the server must say of how the call ended for its handler
 */
public record Expectation(
    String code,
    String text,
    String textIs,
    Map<String, String> fault,
    Map<String, String> values,
    List<Step.Entry> headers,
    List<Step.Entry> trailers,
    String ended) {
  static final Expectation SUCCESS =
      new Expectation(null, null, null, null, null, null, null, null);

  /** Whether the call must succeed. */
  public boolean success() {
    return code == null || code.equals("OK");
  }

  /** Checks a status against all that is said of it but {@link #fault}. */
  public void check(Status status) throws Mismatch {
    String expected = code == null ? "OK" : code;
    if (!status.getCode().name().equals(expected)) {
      throw new Mismatch("expected " + expected + ", but got " + shown(status));
    }
    String description = status.getDescription() == null ? "" : status.getDescription();
    if (text != null && !description.contains(text)) {
      throw new Mismatch("expected a text with \"" + text + "\", but got " + shown(status));
    }
    if (textIs != null && !description.equals(textIs)) {
      throw new Mismatch("expected the text \"" + textIs + "\", but got " + shown(status));
    }
  }

  /** Checks the text of a status against the catalogue of faults. */
  public void checkFault(Status status, String transport, String address, Catalogue catalogue)
      throws Mismatch {
    if (fault == null) {
      return;
    }
    String name = fault.getOrDefault(transport, fault.get("*"));
    Map<String, String> filled = new HashMap<>(values == null ? Map.of() : values);
    filled.putIfAbsent("address", address);
    if (!catalogue.matches(name, filled, status)) {
      throw new Mismatch("expected the fault " + name + ", but got " + shown(status));
    }
  }

  /** Checks headers and trailers. */
  public void check(Metadata responseHeaders, Metadata responseTrailers) throws Mismatch {
    check("headers", headers, responseHeaders);
    check("trailers", trailers, responseTrailers);
  }

  private static void check(String where, List<Step.Entry> expected, Metadata actual)
      throws Mismatch {
    if (expected == null) {
      return;
    }
    Metadata wanted = new Metadata();
    expected.forEach(entry -> entry.putInto(wanted));
    Map<String, List<String>> all = values(actual == null ? new Metadata() : actual);
    for (Map.Entry<String, List<String>> one : values(wanted).entrySet()) {
      List<String> got = all.getOrDefault(one.getKey(), List.of());
      if (!got.equals(one.getValue())) {
        throw new Mismatch("expected " + one + " in the " + where + ", but got " + got);
      }
    }
  }

  private static Map<String, List<String>> values(Metadata metadata) {
    Map<String, List<String>> values = new TreeMap<>();
    for (String key : metadata.keys()) {
      if (key.endsWith(Metadata.BINARY_HEADER_SUFFIX)) {
        Iterable<byte[]> all =
            metadata.getAll(Metadata.Key.of(key, Metadata.BINARY_BYTE_MARSHALLER));
        values.put(key, stream(all).map(HexFormat.of()::formatHex).toList());
      } else {
        Iterable<String> all =
            metadata.getAll(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER));
        values.put(key, stream(all).toList());
      }
    }
    return values;
  }

  private static <T> java.util.stream.Stream<T> stream(Iterable<T> all) {
    return java.util.stream.StreamSupport.stream(all.spliterator(), false);
  }

  /** A status for people. */
  public static String shown(Status status) {
    String cause =
        status.getCause() == null
            ? ""
            : " caused by " + Arrays.toString(firstFrames(status.getCause()));
    return status.getCode() + " \"" + status.getDescription() + "\"" + cause;
  }

  private static Object[] firstFrames(Throwable cause) {
    StackTraceElement[] frames = cause.getStackTrace();
    Object[] first = new Object[Math.min(3, frames.length) + 1];
    first[0] = cause;
    System.arraycopy(frames, 0, first, 1, first.length - 1);
    return first;
  }
}
