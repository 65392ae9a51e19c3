package dev.samehost.wire;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;

/**
 * Reads a link up to the end of the peer's preface. With a noise limit it skips what comes before,
 * as a parent must that reads its child's standard output; without one it judges the first bytes.
 */
public final class PrefaceReader {
  private static final int SHOWN = 8;

  private final int noiseLimit;

  /** The bytes that are judged, or the noise that was skipped. */
  private byte[] seen = new byte[Preface.MOST];

  private int seenBytes;

  /** How many bytes of the preface have matched, when noise is skipped. */
  private int matched;

  /** A reader at the first byte of a link; {@code noiseLimit} is 0 where noise is an error. */
  public PrefaceReader(int noiseLimit) {
    this.noiseLimit = noiseLimit;
  }

  /** Takes bytes until it can tell; after {@code YES} the input stands behind the preface. */
  public Preface.Verdict take(ByteBuffer in) {
    return noiseLimit > 0 ? skip(in) : judge(in);
  }

  private Preface.Verdict judge(ByteBuffer in) {
    Preface.Verdict verdict = Preface.Verdict.MORE;
    while (verdict == Preface.Verdict.MORE && in.hasRemaining()) {
      add(in.get());
      verdict = Preface.judge(seen, seenBytes);
    }
    if (verdict == Preface.Verdict.NONSENSE) {
      while (seenBytes < SHOWN && in.hasRemaining()) {
        add(in.get());
      }
    }
    return verdict;
  }

  /** The preface's first byte occurs in it only once, so a mismatch needs no looking back. */
  private Preface.Verdict skip(ByteBuffer in) {
    while (in.hasRemaining()) {
      byte next = in.get();
      if (next != Preface.at(matched)) {
        for (int i = 0; i < matched; i++) {
          add(Preface.at(i));
        }
        matched = 0;
        if (next != Preface.at(0)) {
          add(next);
        }
        if (seenBytes > noiseLimit) {
          return Preface.Verdict.NONSENSE;
        }
      }
      if (next == Preface.at(matched) && ++matched == Preface.BYTES) {
        return Preface.Verdict.YES;
      }
    }
    return Preface.Verdict.MORE;
  }

  private void add(byte next) {
    if (seenBytes == seen.length) {
      seen = Arrays.copyOf(seen, 2 * seenBytes);
    }
    seen[seenBytes++] = next;
  }

  /** Whether a part of the preface has arrived, and nothing that is not of it. */
  public boolean isInsidePreface() {
    return noiseLimit > 0 ? matched > 0 : seenBytes > 0 && Preface.isBeginning(seen, seenBytes);
  }

  /** Whether nothing has arrived. */
  public boolean isEmpty() {
    return seenBytes == 0 && matched == 0;
  }

  /** How many bytes of noise came before the preface. */
  public int skippedBytes() {
    return noiseLimit > 0 ? seenBytes : 0;
  }

  /** The noise that came before the preface, read-only. */
  public ByteBuffer skipped() {
    return ByteBuffer.wrap(seen, 0, skippedBytes()).slice().asReadOnlyBuffer();
  }

  /** The first bytes for people: as text, where they are, and in hex. */
  public String firstBytes() {
    int shown = Math.min(seenBytes, SHOWN);
    StringBuilder text = new StringBuilder("\"");
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < shown; i++) {
      int b = seen[i] & 0xFF;
      text.append(b >= ' ' && b < 0x7F ? (char) b : '.');
      hex.append(i == 0 ? "" : " ");
      hex.append(Character.forDigit(b >> 4, 16)).append(Character.forDigit(b & 15, 16));
    }
    return text.append("\" (") + hex.toString().toUpperCase(Locale.ROOT) + ")";
  }
}
