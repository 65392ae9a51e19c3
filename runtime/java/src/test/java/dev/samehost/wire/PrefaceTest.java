package dev.samehost.wire;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;

import dev.samehost.wire.Preface.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** First bytes, judged with three answers. */
final class PrefaceTest {
  @Test
  void thePrefaceIsJudgedAtItsLastByte() {
    assertJudged("\u00f5SHOST\r\n", Verdict.YES);
  }

  @Test
  void httpIsNamedAsSoonAsItIsCertain() {
    assertJudged("PRI * HTTP/2.0\r\n", Verdict.HTTP2);
    assertJudged("\0\0\u0012\4\0\0\0\0\0", Verdict.HTTP2);
    assertJudged("HTTP/1.", Verdict.HTTP1);
    assertJudged("GET /", Verdict.HTTP1);
    assertJudged("OPTIONS *", Verdict.HTTP1);
    assertJudged("CONNECT h", Verdict.HTTP1);
    assertJudged("ABCDEFGHIJKLMNOP /", Verdict.HTTP1);
    assertJudged("PRI /", Verdict.HTTP1);
    assertJudged("PRI * HTTP/1", Verdict.HTTP1);
    assertJudged("HTTP /", Verdict.HTTP1);
  }

  @Test
  void aClientOfHttpIsToldFromItsServer() {
    for (String client : List.of("PRI * HTTP/2.0\r\n", "POST /a HTTP/1.1", "HTTP / HTTP/1.1")) {
      assertWithMessage(client).that(isOfHttpClient(client)).isTrue();
    }
    for (String server : List.of("\0\0\u0012\4\0\0\0\0\0", "HTTP/1.1 400 Bad R")) {
      assertWithMessage(server).that(isOfHttpClient(server)).isFalse();
    }
  }

  private static boolean isOfHttpClient(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return Preface.isOfHttpClient(bytes, bytes.length);
  }

  @Test
  void nonsenseIsRefusedAtTheFirstByteThatFitsNothing() {
    List<String> cases =
        List.of(
            "2",
            "\n",
            " ",
            "\u0016",
            "g",
            "GEt",
            "GET x",
            "ABCDEFGHIJKLMNOPQ",
            "HTTP/2",
            "\0\1",
            "\0\0\0\0",
            "\0\0\0\4\1",
            "\u00f5SHOST\n",
            "\u00f5T");
    cases.forEach(text -> assertJudged(text, Verdict.NONSENSE));
  }

  @Test
  void aVerdictIsReachedInTime() {
    Random random = new Random(1);
    byte[] some = "PRISHOTGE /*hHTTP2.01\r\n\0\4".getBytes(StandardCharsets.UTF_8);
    byte[] bytes = new byte[Preface.MOST];
    for (int round = 0; round < 100_000; round++) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = some[random.nextInt(some.length)];
      }
      assertThat(Preface.judge(bytes, Preface.MOST)).isNotEqualTo(Verdict.MORE);
    }
  }

  private static void assertJudged(String text, Verdict verdict) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    for (int count = 0; count < bytes.length; count++) {
      assertWithMessage("the first %s bytes of %s", count, text)
          .that(Preface.judge(bytes, count))
          .isEqualTo(Verdict.MORE);
    }
    assertWithMessage(text).that(Preface.judge(bytes, bytes.length)).isEqualTo(verdict);
  }
}
