package dev.samehost.transport.stdio;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a child's standard error to its end, on a daemon thread of its own. The end is also when
 * the child has ended and nothing more is there: a grandchild may hold the pipe for ever.
 */
final class StderrReader {
  private static final Logger LOG = LoggerFactory.getLogger(StderrReader.class);
  private static final int BUFFER_BYTES = 8192;

  private final Link pipe;
  private final StderrTail tail;
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean childEnded;

  StderrReader(Link pipe, Consumer<String> lines) {
    this.pipe = pipe;
    this.tail = new StderrTail(line -> handOn(lines, line));
  }

  void start(int pid, ThreadFactory threads) {
    Thread thread = threads.newThread(this::run);
    thread.setName("samehost-child-stderr-" + pid);
    thread.start();
  }

  private void run() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try {
      while (true) {
        boolean endedBefore = childEnded;
        int count = pipe.read(buffer.clear());
        if (count > 0) {
          tail.take(buffer.flip());
        } else if (count < 0 || endedBefore) {
          break;
        } else {
          int ignored = pipe.await(Link.READ, Link.FOREVER);
        }
      }
    } catch (LinkException e) {
      LOG.warn("the child's standard error cannot be read any further", e);
    } finally {
      pipe.close();
      tail.end();
      finished.countDown();
    }
  }

  private static void handOn(Consumer<String> lines, String line) {
    try {
      lines.accept(line);
    } catch (RuntimeException e) {
      // The child must not be held up by who reads its log.
      LOG.warn("a consumer of the child's standard error failed at: {}", line, e);
    }
  }

  void childEnded() {
    childEnded = true;
    pipe.wake();
  }

  /** The last lines, for people; waits for the end of them all for at most {@code timeoutNanos}. */
  String lastLines(long timeoutNanos) {
    try {
      // When it is not over in time, what has come by now must do.
      boolean ignored = finished.await(timeoutNanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return tail.text();
  }
}
