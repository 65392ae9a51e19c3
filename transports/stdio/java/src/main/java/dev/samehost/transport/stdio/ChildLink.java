package dev.samehost.transport.stdio;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.posix.Errno;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The host's end of a link to its child: two pipes, and what is known of the process. It ends with
 * the child, even while a grandchild holds the other ends of the pipes.
 */
final class ChildLink implements Link {
  /** How long an explanation may wait for the child's end and its last words. */
  private static final long EXPLANATION_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Link pipes;
  private final ChildProcess child;
  private final StderrReader stderr;
  private final Duration grace;
  private final Duration helloTimeout;

  /** Of the reader. */
  private boolean ended;

  ChildLink(
      Link pipes, ChildProcess child, StderrReader stderr, Duration grace, Duration helloTimeout) {
    this.pipes = pipes;
    this.child = child;
    this.stderr = stderr;
    this.grace = grace;
    this.helloTimeout = helloTimeout;
  }

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    boolean endedBefore = child.hasEnded();
    if (ended) {
      int ignored = pipes.await(0, 0); // fails when the link is closed
      return -1;
    }
    int count = pipes.read(destination);
    // All that the child wrote was there before it ended; what comes later is not its own.
    ended = count < 0 || (count == 0 && endedBefore);
    return ended ? -1 : count;
  }

  @Override
  public int write(ByteBuffer source) throws LinkException {
    if (child.hasEnded()) {
      // Fails as the pipe would if nobody else held it; but first as a closed link.
      pipes.write(NOTHING);
      throw Fault.LINK_FAILED.with(peer().address(), "write", Errno.describe(Errno.EPIPE.number()));
    }
    return pipes.write(source);
  }

  @Override
  public int await(int interest, long timeoutNanos) throws LinkException {
    // The child's end wakes this, so that it is seen here in any case.
    int ready = pipes.await(interest, child.hasEnded() ? 0 : timeoutNanos);
    return child.hasEnded() ? interest : ready;
  }

  @Override
  public void wake() {
    pipes.wake();
  }

  @Override
  public void limitSpin(long nanos) {
    pipes.limitSpin(nanos);
  }

  @Override
  public Peer peer() {
    return pipes.peer();
  }

  @Override
  public LinkException explain(LinkException failure) {
    if (!isEnd(failure.fault())) {
      return failure;
    }
    long start = System.nanoTime();
    String ending = child.awaitEnd(EXPLANATION_NANOS);
    if (ending != null) {
      return Fault.CHILD_GONE.causedBy(failure, address(), child.pid(), ending, lastLines(start));
    }
    if (failure.fault() == Fault.LINK_FAILED) {
      return failure;
    }
    return Fault.CHILD_CLOSED.causedBy(failure, address(), child.pid(), lastLines(start));
  }

  @Override
  public LinkException explainSilence(
      LinkException failure, ByteBuffer skipped, long skippedBytes) {
    String noise = Noise.show(skipped, skippedBytes);
    return switch (failure.fault()) {
      case PEER_NONSENSE, PEER_HTTP1, PEER_HTTP2 ->
          Fault.CHILD_NOISE.causedBy(
              failure, address(), child.pid(), skippedBytes, noise, lastLinesNow());
      case PEER_SILENT -> {
        if (child.hasEnded()) {
          yield goneBeforeHello(failure, noise);
        }
        yield Fault.CHILD_SILENT.causedBy(
            failure, address(), child.pid(), seconds(), noise, lastLinesNow());
      }
      case PEER_GONE_BEFORE_HELLO, LINK_ENDED, LINK_TRUNCATED, LINK_FAILED ->
          goneBeforeHello(failure, noise);
      default -> failure;
    };
  }

  private LinkException goneBeforeHello(LinkException failure, String noise) {
    long start = System.nanoTime();
    String ending = child.awaitEnd(EXPLANATION_NANOS);
    return Fault.CHILD_GONE_BEFORE_HELLO.causedBy(
        failure,
        address(),
        child.pid(),
        ending == null ? "closed its standard output" : ending,
        noise,
        lastLines(start));
  }

  private static boolean isEnd(Fault fault) {
    return fault == Fault.LINK_ENDED || fault == Fault.LINK_TRUNCATED || fault == Fault.LINK_FAILED;
  }

  private String lastLines(long start) {
    return stderr.lastLines(Math.max(0, EXPLANATION_NANOS - (System.nanoTime() - start)));
  }

  private String lastLinesNow() {
    return stderr.lastLines(0);
  }

  private String address() {
    return peer().address();
  }

  private String seconds() {
    return BigDecimal.valueOf(helloTimeout.toNanos(), 9).stripTrailingZeros().toPlainString();
  }

  @Override
  public void close() {
    pipes.close();
    child.shutDown(grace);
  }
}
