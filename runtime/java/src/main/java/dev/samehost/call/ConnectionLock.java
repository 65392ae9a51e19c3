package dev.samehost.call;

import java.util.concurrent.locks.AbstractQueuedSynchronizer;

/**
 * The lock around a connection. It does not know who holds it: no thread may take it twice, and
 * only its holder may release it. A {@link java.util.concurrent.locks.ReentrantLock} does know, and
 * under G1 pays for that with a fence whenever it is taken, about a third of what it costs.
 */
final class ConnectionLock extends AbstractQueuedSynchronizer {
  private static final long serialVersionUID = 1;

  void lock() {
    acquire(1);
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
