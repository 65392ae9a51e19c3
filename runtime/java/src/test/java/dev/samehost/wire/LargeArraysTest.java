package dev.samehost.wire;

import static com.google.common.truth.Truth.assertThat;

import java.util.IdentityHashMap;
import org.junit.jupiter.api.Test;

/** Large arrays that are used again. */
final class LargeArraysTest {
  @Test
  void anArrayThatWasGivenIsTakenAgainByOneAlone() {
    byte[] given = LargeArrays.take(3 << 20);
    assertThat(given).hasLength(4 << 20);
    LargeArrays.give(given);
    assertThat(LargeArrays.take((2 << 20) + 1) == given).isTrue();
    assertThat(LargeArrays.take((2 << 20) + 1) == given).isFalse();
  }

  @Test
  void anArrayHasTheBytesThatWereAskedFor() {
    for (int bytes : new int[] {0, 1, 32 << 10, (4 << 20) + 1}) {
      assertThat(LargeArrays.take(bytes)).hasLength(bytes);
    }
    for (int bytes = (32 << 10) + 1; bytes <= 4 << 20; bytes += 31_337) {
      assertThat(LargeArrays.take(bytes).length).isAtLeast(bytes);
      assertThat(LargeArrays.take(bytes).length).isAtMost(2 * bytes);
    }
    assertThat(LargeArrays.take(64 << 10)).hasLength(64 << 10);
  }

  @Test
  void whatOthersMadeIsNotKept() {
    byte[] odd = new byte[(64 << 10) + 5];
    byte[] small = new byte[32 << 10];
    byte[] huge = new byte[8 << 20];
    LargeArrays.give(odd);
    LargeArrays.give(small);
    LargeArrays.give(huge);
    assertThat(LargeArrays.take((64 << 10) + 5) == odd).isFalse();
    assertThat(LargeArrays.take(32 << 10) == small).isFalse();
    assertThat(LargeArrays.take(8 << 20) == huge).isFalse();
  }

  @Test
  void noMoreThanAFewAreKept() {
    IdentityHashMap<byte[], Boolean> given = new IdentityHashMap<>();
    for (int i = 0; i < 40; i++) {
      given.put(new byte[256 << 10], true);
    }
    given.keySet().forEach(LargeArrays::give);
    int again = 0;
    for (int i = 0; i < 40; i++) {
      again += given.remove(LargeArrays.take(256 << 10)) == null ? 0 : 1;
    }
    assertThat(again).isAtMost(32);
  }
}
