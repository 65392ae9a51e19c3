package dev.samehost.transport.shm;

import java.lang.invoke.VarHandle;

/**
 * How a side sleeps without missing what the other one does, and who wakes it. This dance stands
 * here alone.
 *
 * <pre>
 *   sleeper                              the other side
 *   1. sets its bit                      1. moves its position (bytes written, or read)
 *   2. full fence                        2. full fence
 *   3. looks at the positions again      3. looks at the sleeper's bit; when it is set, clears it,
 *   4. sleeps on the socket                 and whoever cleared it rings
 * </pre>
 *
 * <p>Without the fences both could do their third step before the other's first one was seen, and
 * the sleeper would sleep though there is something to do.
 */
final class Bells {
  private Bells() {}

  /**
   * Says that {@code side} is about to sleep: from now on the peer rings for what the bits name.
   * Whoever calls this looks at the positions once more before sleeping.
   */
  static void arm(Region region, Side side, int bits) {
    region.setBits(side, bits);
    // The bit must be seen by the peer before the positions are looked at again.
    VarHandle.fullFence();
  }

  /** Takes back what {@link #arm} said. Answers the bits that the peer had cleared: it rings. */
  static int disarm(Region region, Side side, int bits) {
    return bits & ~region.clearBits(side, bits);
  }

  /**
   * To be called after a position of {@code side} was moved: answers the bits for which the peer is
   * to be woken by the caller, and by nobody else.
   *
   * @param with bits that are cleared along with {@code bit}
   */
  static int toRing(Region region, Side side, int bit, int with) {
    // The position must be seen by the peer before its bits are looked at.
    VarHandle.fullFence();
    Side peer = side.peer();
    if ((region.word(peer) & bit) == 0) {
      return 0;
    }
    int was = region.clearBits(peer, bit | with);
    return (was & bit) == 0 ? 0 : was & (bit | with);
  }
}
