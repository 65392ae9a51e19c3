package dev.samehost.transport.shm;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** One writes while the other one gets up again: both agree on whether there will be a ring. */
@JCStressTest
@Outcome(id = "true, false", expect = FORBIDDEN, desc = "a ring that nobody knows of")
@Outcome(id = "false, true", expect = FORBIDDEN, desc = "a ring that is awaited and never comes")
@Outcome(
    id = {"false, false", "true, true"},
    expect = ACCEPTABLE,
    desc = "they agree")
@State
public class WhoeverClearsRings extends Shared {
  public WhoeverClearsRings() {
    super(0);
  }

  @Actor
  public void write(ZZ_Result seen) {
    seen.r1 = writeAndRing();
  }

  @Actor
  public void getUp(ZZ_Result seen) {
    Bells.arm(region, Side.ACCEPTOR, Side.WAIT_DATA);
    seen.r2 = Bells.disarm(region, Side.ACCEPTOR, Side.WAIT_DATA) != 0;
  }
}
