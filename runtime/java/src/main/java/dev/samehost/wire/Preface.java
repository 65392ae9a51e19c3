package dev.samehost.wire;

import java.nio.charset.StandardCharsets;

/** The first eight bytes of either side, and what else may stand in their place. Pure. */
public final class Preface {
  /** What the first bytes are. */
  public enum Verdict {
    /** The preface. */
    YES,
    /** Too few bytes to tell. */
    MORE,
    /** A client or a server of HTTP/2. */
    HTTP2,
    /** A client or a server of HTTP/1. */
    HTTP1,
    /** Nothing that is known. */
    NONSENSE
  }

  /** The bytes of the preface. */
  public static final int BYTES = 8;

  /** After so many bytes the verdict is never {@link Verdict#MORE}. */
  public static final int MOST = 18;

  private static final byte[] PREFACE = {(byte) 0xF5, 'S', 'H', 'O', 'S', 'T', '\r', '\n'};
  private static final byte[] HTTP2_CLIENT = ascii("PRI * HTTP/2.0\r\n");
  private static final byte[] HTTP1_SERVER = ascii("HTTP/1.");

  private static final int LONGEST_METHOD = 16;

  private Preface() {}

  static byte[] bytes() {
    return PREFACE.clone();
  }

  static byte at(int index) {
    return PREFACE[index];
  }

  /** Judges the first {@code count} bytes of a link. */
  public static Verdict judge(byte[] bytes, int count) {
    int ours = compare(bytes, count, PREFACE);
    if (ours >= 0) {
      return ours == 0 ? Verdict.MORE : Verdict.YES;
    }
    int http2 = Math.max(compare(bytes, count, HTTP2_CLIENT), http2Settings(bytes, count));
    if (http2 >= 0) {
      return http2 == 0 ? Verdict.MORE : Verdict.HTTP2;
    }
    int http1 = Math.max(compare(bytes, count, HTTP1_SERVER), http1Request(bytes, count));
    if (http1 >= 0) {
      return http1 == 0 ? Verdict.MORE : Verdict.HTTP1;
    }
    return Verdict.NONSENSE;
  }

  /** Whether these bytes are the preface's beginning. */
  public static boolean isBeginning(byte[] bytes, int count) {
    return compare(bytes, count, PREFACE) >= 0;
  }

  /** Whether bytes that are {@link Verdict#HTTP2} or {@link Verdict#HTTP1} are a client's. */
  public static boolean isOfHttpClient(byte[] bytes, int count) {
    return Math.max(compare(bytes, count, HTTP2_CLIENT), http1Request(bytes, count)) > 0;
  }

  // Each answers 1 for "it is", 0 for "so far it may be", -1 for "it is not".

  private static int compare(byte[] bytes, int count, byte[] pattern) {
    int common = Math.min(count, pattern.length);
    for (int i = 0; i < common; i++) {
      if (bytes[i] != pattern[i]) {
        return -1;
      }
    }
    return common == pattern.length ? 1 : 0;
  }

  /** A server's greeting: a SETTINGS frame of less than 256 bytes, without flags, on stream 0. */
  private static int http2Settings(byte[] bytes, int count) {
    for (int i = 0; i < Math.min(count, 9); i++) {
      if (i != 2 && bytes[i] != (i == 3 ? 4 : 0)) {
        return -1;
      }
    }
    return count >= 9 ? 1 : 0;
  }

  /** A request line: 1 to 16 upper-case letters, a space, and what a target begins with. */
  private static int http1Request(byte[] bytes, int count) {
    int letters = 0;
    while (letters < count && bytes[letters] >= 'A' && bytes[letters] <= 'Z') {
      letters++;
    }
    if (letters > LONGEST_METHOD || (letters == 0 && count > 0)) {
      return -1;
    }
    if (letters == count) {
      return 0;
    }
    if (bytes[letters] != ' ') {
      return -1;
    }
    if (letters + 1 == count) {
      return 0;
    }
    byte target = bytes[letters + 1];
    return target == '/' || target == '*' || target == 'h' ? 1 : -1;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
