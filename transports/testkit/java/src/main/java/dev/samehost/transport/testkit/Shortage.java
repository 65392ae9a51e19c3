package dev.samehost.transport.testkit;

import static com.google.common.truth.Truth.assertWithMessage;

import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import java.io.Closeable;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * All descriptors of this process are in use but so many, until it is closed. For Linux. What a
 * test loads from files is to be loaded before.
 */
public final class Shortage implements AutoCloseable {
  private static final int RLIMIT_NOFILE = 7;

  /** So many more than there were may be opened. */
  private static final int ROOM = 13;

  private final Memory usual = new Memory(16);
  private final Deque<Closeable> taken = new ArrayDeque<>();

  /** A shortage of all but {@code free} descriptors. */
  public Shortage(int free) throws IOException {
    limit("getrlimit", usual);
    Memory low = new Memory(16);
    low.setLong(0, highest() + ROOM);
    low.setLong(8, usual.getLong(8));
    limit("setrlimit", low);
    try {
      while (true) {
        taken.push(new FileInputStream("/dev/null"));
      }
    } catch (IOException e) {
      free(free);
    }
  }

  /** Makes room for so many. */
  public void free(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      taken.pop().close();
    }
  }

  private static int highest() {
    int highest = 0;
    for (String number : new File("/proc/self/fd").list()) {
      highest = Math.max(highest, Integer.parseInt(number));
    }
    return highest;
  }

  private static void limit(String call, Memory limits) {
    Object[] arguments = {RLIMIT_NOFILE, limits};
    assertWithMessage(call)
        .that(NativeLibrary.getProcess().getFunction(call).invokeInt(arguments))
        .isEqualTo(0);
  }

  @Override
  public void close() throws IOException {
    limit("setrlimit", usual);
    free(taken.size());
  }
}
