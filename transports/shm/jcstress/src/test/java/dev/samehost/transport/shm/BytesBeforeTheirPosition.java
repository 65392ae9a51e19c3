package dev.samehost.transport.shm;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Who sees the writer's position sees the bytes before it, also across the end of the ring. */
@JCStressTest
@Outcome(
    id = {"0", "12", "1234"},
    expect = ACCEPTABLE,
    desc = "what was written, from its begin")
@Outcome(expect = Expect.FORBIDDEN, desc = "bytes that were never written")
@State
public class BytesBeforeTheirPosition extends Shared {
  public BytesBeforeTheirPosition() {
    super(RING_BYTES - 1);
    // What is left of an earlier round must not look right.
    region.copyIn(Side.CONNECTOR, 0, read, 0, RING_BYTES);
  }

  @Actor
  public void write() {
    write((byte) 1, (byte) 2);
    write((byte) 3, (byte) 4);
  }

  @Actor
  public void read(I_Result seen) {
    reader.read(region, read);
    for (int i = 0; i < read.position(); i++) {
      seen.r1 = 10 * seen.r1 + read.get(i);
    }
  }
}
