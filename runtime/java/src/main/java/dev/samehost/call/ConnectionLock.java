package dev.samehost.call;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.AbstractQueuedSynchronizer;

/**
 * The lock around a connection. It does not know who holds it: no thread may take it twice, and
 * only its holder may release it. A {@link java.util.concurrent.locks.ReentrantLock} does know, and
 * under G1 pays for that with a fence whenever it is taken, about a third of what it costs.
 *
 * <p>It does know whether somebody is about to take it, who will write: its holder then leaves its
 * own output to that one, and the frames of calls that are made at once go out in one write. Nobody
 * leaves anything to a thread that sleeps, which takes longer to wake than a write takes.
 */
final class ConnectionLock extends AbstractQueuedSynchronizer {
  private static final long serialVersionUID = 1;

  /** About two microseconds: what a write takes on most links. */
  private static final int LOOKS = Runtime.getRuntime().availableProcessors() > 1 ? 64 : 0;

  private final int looks;

  /** How many are about to take it, and run: whoever sleeps for it, or need not wait, is none. */
  private final AtomicInteger spinning = new AtomicInteger();

  ConnectionLock() {
    this(LOOKS);
  }

  /** A lock at which a thread that will write looks so many times before it sleeps. */
  ConnectionLock(int looks) {
    this.looks = looks;
  }

  void lock() {
    acquire(1);
  }

  /** As {@link #lock}, by a thread that will write what there is to write before it unlocks. */
  void lockToWrite() {
    if (!tryAcquire(1) && !spin()) {
      acquire(1);
    }
  }

  private boolean spin() {
    spinning.getAndIncrement();
    try {
      for (int i = 0; i < looks; i++) {
        if (getState() == 0 && tryAcquire(1)) {
          return true;
        }
        Thread.onSpinWait();
      }
      return false;
    } finally {
      spinning.getAndDecrement();
    }
  }

  /** By the holder: whether another one, who will write, takes it as soon as it is free. */
  boolean isAwaitedByWriter() {
    return spinning.get() > 0;
  }

  void unlock() {
    release(1);
  }

  @Override
  protected boolean tryAcquire(int one) {
    return compareAndSetState(0, one);
  }

  @Override
  protected boolean tryRelease(int one) {
    setState(0);
    return true;
  }
}
