package dev.samehost.transport.shm;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** One empties a full ring while the other one lies down: it is rung for, or sees the room. */
@JCStressTest
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "it sleeps, and nobody rings")
@Outcome(
    id = {"true, false", "false, true", "true, true"},
    expect = ACCEPTABLE,
    desc = "it wakes")
@State
public class WriterThatSleeps extends Shared {
  public WriterThatSleeps() {
    super(3);
    write(new byte[RING_BYTES]);
  }

  @Actor
  public void read(ZZ_Result seen) {
    reader.read(region, read);
    seen.r1 = Bells.toRing(region, Side.ACCEPTOR, Side.WAIT_SPACE, Side.PLUGGED) != 0;
  }

  @Actor
  public void sleep(ZZ_Result seen) {
    Bells.arm(region, Side.CONNECTOR, Side.WAIT_SPACE);
    seen.r2 = writer.hasRoom(region);
  }
}
