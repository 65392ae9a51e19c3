package dev.samehost.transport.shm;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Bytes of a full ring are read whole before others take their place. */
@JCStressTest
@Outcome(
    id = {"8, 0", "8, 8"},
    expect = ACCEPTABLE,
    desc = "read before they are overwritten")
@Outcome(expect = FORBIDDEN, desc = "overwritten before they are read")
@State
public class BytesUntilTheyAreRead extends Shared {
  public BytesUntilTheyAreRead() {
    super(3);
    write(new byte[] {1, 1, 1, 1, 1, 1, 1, 1});
  }

  @Actor
  public void read(II_Result seen) {
    reader.read(region, read);
    for (int i = 0; i < RING_BYTES; i++) {
      seen.r1 += read.get(i);
    }
  }

  @Actor
  public void write(II_Result seen) {
    seen.r2 = write(new byte[] {9, 9, 9, 9, 9, 9, 9, 9});
  }
}
