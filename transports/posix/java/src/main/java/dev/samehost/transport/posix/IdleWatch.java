package dev.samehost.transport.posix;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Waits for the descriptors of idle links, all by one thread of the process, so that an idle link
 * needs no thread of its own. By epoll, which only Linux has. It owns none of the descriptors, and
 * neither reads nor writes them.
 */
public final class IdleWatch {
  private static final int CLOEXEC = 0x80000;
  private static final int ADD = 1;
  private static final int REMOVE = 2;
  private static final int CHANGE = 3;
  private static final int READABLE_ONCE = 1 | 1 << 30;

  /** struct epoll_event {uint32_t events; uint64_t data}, which on these processors is packed. */
  private static final int DATA_AT = Os.EPOLL_IS_PACKED ? 4 : 8;

  private static final int EVENT_BYTES = DATA_AT + 8;
  private static final int EVENTS = 64;

  private static IdleWatch only; // under the lock of the class

  /** Who is told of a descriptor: those that epoll has, told already or not. */
  private final Map<Integer, Runnable> watched = new ConcurrentHashMap<>();

  private final int epoll;
  private final ByteBuffer control = NativeMemory.zeros(EVENT_BYTES);
  private final long controlAddress = NativeMemory.address(control);

  private IdleWatch(int epoll) {
    this.epoll = epoll;
  }

  /** Has the one of this process, if there can be one. */
  private static boolean begun() {
    if (only == null && Os.LINUX) {
      int epoll = Libc.Linux.epoll_create1(CLOEXEC);
      if (epoll >= 0) {
        only = started(epoll);
      }
    }
    return only != null;
  }

  /** One that owns {@code epoll}, or null where there is no thread for it. */
  private static IdleWatch started(int epoll) {
    IdleWatch made = new IdleWatch(epoll);
    Thread thread = new Thread(made::run, "samehost-idle-watch");
    thread.setDaemon(true);
    try {
      thread.start();
      return made;
    } catch (OutOfMemoryError e) {
      Libc.close(epoll); // as if the system had given none
      return null;
    }
  }

  /**
   * Has {@code ready}, which must not wait, called once, soon after the descriptor is readable or
   * has ended, perhaps sooner. {@link #forget} comes before the descriptor is closed.
   *
   * @return false when this descriptor cannot be watched, or the system has no room for it
   */
  public static synchronized boolean watch(int fd, Runnable ready) {
    return begun() && only.add(fd, ready);
  }

  /** Watches a descriptor no more, if it ever did. It may still be told of. */
  public static synchronized void forget(int fd) {
    if (only != null && only.watched.remove(fd) != null) {
      int ignored = only.control(REMOVE, fd);
    }
  }

  private boolean add(int fd, Runnable ready) {
    boolean known = watched.put(fd, ready) != null;
    if (control(known ? CHANGE : ADD, fd) == 0) {
      return true;
    }
    watched.remove(fd);
    return false;
  }

  private int control(int operation, int fd) {
    control.putInt(0, READABLE_ONCE).putLong(DATA_AT, fd);
    return Libc.Linux.epoll_ctl(epoll, operation, fd, controlAddress);
  }

  private void run() {
    ByteBuffer events = NativeMemory.zeros(EVENTS * EVENT_BYTES);
    long address = NativeMemory.address(events);
    while (true) {
      int count = Libc.Linux.epoll_wait(epoll, address, EVENTS, -1);
      for (int i = 0; i < count; i++) {
        Runnable ready = watched.get((int) events.getLong(i * EVENT_BYTES + DATA_AT));
        if (ready != null) {
          tell(ready);
        }
      }
    }
  }

  private static void tell(Runnable ready) {
    try {
      ready.run();
    } catch (RuntimeException | Error e) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }
  }
}
