package dev.samehost.transport.shm;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** One writes while the other one lies down: it is rung for, or sees the bytes before it sleeps. */
@JCStressTest
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "it sleeps, and nobody rings")
@Outcome(
    id = {"true, false", "false, true", "true, true"},
    expect = ACCEPTABLE,
    desc = "it wakes")
@State
public class ReaderThatSleeps extends Shared {
  public ReaderThatSleeps() {
    super(0);
  }

  @Actor
  public void write(ZZ_Result seen) {
    seen.r1 = writeAndRing();
  }

  @Actor
  public void sleep(ZZ_Result seen) {
    Bells.arm(region, Side.ACCEPTOR, Side.WAIT_DATA);
    seen.r2 = reader.hasBytes(region);
  }
}
