package dev.samehost.call;

import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Who reads a link: at most one thread at a time. It does no I/O itself; whoever holds the role
 * does.
 *
 * <pre>
 *             caller takes it                     caller takes it (by an offer)
 *      FREE -------------------> CALLER <------------------------------- BACKGROUND
 *       ^ ^                       |  ^ |                                   |  ^
 *       | +-- nobody wants it ----+  +-+ offered to the next caller        |  |
 *       +---------------------------- gives it up to run a listener -------+  |
 *       +---------------------------- takes it ------------------------------+
 * </pre>
 *
 * <p>A caller who finds the role taken becomes a follower and parks. A holder who leaves offers the
 * role to a follower: it stays taken, and the follower, who is parked and therefore alive, takes it
 * up or passes it on. A follower who has left cannot be offered anything, so the role is never held
 * by somebody who has gone.
 */
final class ReaderRole {
  /** Who has the role. */
  enum Holder {
    FREE,
    CALLER,
    BACKGROUND
  }

  private static final Holder[] HOLDERS = Holder.values();

  /**
   * The holder's ordinal. No reference: G1 has a fence behind each store of one into an old object.
   */
  private final AtomicInteger holder = new AtomicInteger(); // FREE

  private final ConcurrentLinkedDeque<Waiter> followers = new ConcurrentLinkedDeque<>();
  private final AtomicInteger uses = new AtomicInteger();

  Holder holder() {
    return HOLDERS[holder.get()];
  }

  /** Changes whenever a caller has held the role: while it changes, callers are busy. */
  int uses() {
    return uses.get();
  }

  boolean hasFollowers() {
    return !followers.isEmpty();
  }

  /** A caller takes the role if it is free. */
  boolean takeAsCaller() {
    return moves(Holder.FREE, Holder.CALLER);
  }

  /** The background reader takes the role if it is free. */
  boolean takeAsBackground() {
    return moves(Holder.FREE, Holder.BACKGROUND);
  }

  /** The caller becomes a follower. Afterwards it tries to take the role once more, then parks. */
  void follow(Waiter waiter) {
    waiter.to(Waiter.State.WAITING);
    followers.add(waiter);
  }

  /** A follower who took the role by itself after all. Nobody else can have offered it then. */
  void followNoMore(Waiter waiter) {
    followers.remove(waiter);
    waiter.to(Waiter.State.AWAY);
  }

  /**
   * A follower leaves.
   *
   * @return false when the role was offered to it meanwhile: it now holds the role
   */
  boolean leave(Waiter waiter) {
    if (waiter.tryTo(Waiter.State.WAITING, Waiter.State.AWAY)) {
      followers.remove(waiter);
      return true;
    }
    waiter.to(Waiter.State.AWAY);
    return false;
  }

  /** The holding caller gives the role up: to a follower, or to nobody. */
  void releaseAsCaller() {
    uses.setRelease(uses.getPlain() + 1); // only the holder writes it; to be seen soon is enough
    release(Holder.CALLER);
  }

  /** The background reader gives the role up: to a follower, or to nobody. */
  void releaseAsBackground() {
    release(Holder.BACKGROUND);
  }

  private void release(Holder from) {
    Holder held = from;
    while (true) {
      if (offer(held)) {
        return;
      }
      change(held, Holder.FREE);
      // Somebody may have become a follower since the offer found none, and have seen the role
      // taken just before it was free: such a one parks and needs an offer.
      if (followers.isEmpty() || !moves(Holder.FREE, Holder.CALLER)) {
        return;
      }
      held = Holder.CALLER;
    }
  }

  /** The holder gives the role to the first follower who is still there. */
  private boolean offer(Holder held) {
    Waiter next = followers.poll();
    if (next == null) {
      return false;
    }
    if (held != Holder.CALLER) {
      change(held, Holder.CALLER);
    }
    while (next != null) {
      if (next.tryTo(Waiter.State.WAITING, Waiter.State.OFFERED)) {
        next.unpark();
        return true;
      }
      next = followers.poll();
    }
    if (held != Holder.CALLER) {
      change(Holder.CALLER, held);
    }
    return false;
  }

  private void change(Holder from, Holder to) {
    if (!moves(from, to)) {
      throw new IllegalStateException("the reader is " + holder() + ", not " + from);
    }
  }

  @SuppressWarnings("EnumOrdinal") // it is met nowhere else
  private boolean moves(Holder from, Holder to) {
    return holder.compareAndSet(from.ordinal(), to.ordinal());
  }
}
