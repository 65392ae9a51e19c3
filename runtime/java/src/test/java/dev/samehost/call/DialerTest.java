package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.connection.Pair;
import dev.samehost.transport.Code;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.LocalLink;
import dev.samehost.wire.FrameWriter;
import dev.samehost.wire.MetadataBlock;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Attempts to connect that overlap with others' ends, and calls that end while they begin. */
@Timeout(60)
final class DialerTest {
  private static final String ADDRESS = "scripted:here";

  /** Connects to the links that a test has laid ready. */
  private static final class Scripted implements Connector {
    final BlockingQueue<Link> links = new LinkedBlockingQueue<>();
    final AtomicInteger connects = new AtomicInteger();

    @Override
    public Link connect(long timeoutNanos) throws LinkException {
      connects.incrementAndGet();
      try {
        return links.take();
      } catch (InterruptedException e) {
        throw Fault.CONNECT_FAILED.causedBy(e, ADDRESS, "connect", e);
      }
    }

    @Override
    public long helloTimeoutNanos() {
      return TimeUnit.SECONDS.toNanos(60);
    }

    @Override
    public void close() {}
  }

  /** A link that takes its time to close. */
  private record SlowToClose(Link link, CountDownLatch closing, CountDownLatch mayClose)
      implements ForwardingLink {
    SlowToClose(Link link) {
      this(link, new CountDownLatch(1), new CountDownLatch(1));
    }

    @Override
    public void close() {
      closing.countDown();
      try {
        mayClose.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      link.close();
    }
  }

  private static DialerOptions options() {
    long timeoutNanos = TimeUnit.SECONDS.toNanos(60);
    return new DialerOptions(
        ADDRESS, Pair.HELLO, timeoutNanos, -1, EndOfCall.NOBODY, Workers.pool(), Serving.NOTHING);
  }

  private static Dialer dialer(Connector connector) {
    return new Dialer(connector, options(), Backoff.exponential(1L << 60, 1L << 60));
  }

  /** A peer that says HELLO, and with it that it takes no calls. */
  private static Link thatSaysGoodbyeAtOnce() throws LinkException {
    LocalLink.Ends ends = LocalLink.open(ADDRESS, 1 << 10);
    FrameWriter words = new FrameWriter();
    words.preface();
    words.hello(Pair.HELLO);
    words.goAway(0, 0, "bye");
    ends.second().write(words.view());
    return ends.first();
  }

  /** A unary call; the answer is its outcome. */
  private static CompletableFuture<Outcome> call(Dialer dialer, long deadlineNanos) {
    EndOfCall end = new EndOfCall();
    ClientStream stream =
        new ClientStream(
            dialer,
            new ClientStreamOptions(
                "/t.S/M", deadlineNanos, "CallOptions", true, false, 0, Workers.pool(), null),
            end);
    stream.begin(MetadataBlock.EMPTY);
    stream.sendMessage(ByteBuffer.allocate(1), false);
    stream.halfClose();
    return end.outcome;
  }

  @Test
  void anAttemptThatMeetsAGoodbyeIsAFailureAndLastsUntilItsLinkIsClosed() throws Exception {
    Scripted connector = new Scripted();
    Dialer dialer = dialer(connector);
    SlowToClose goodbye = new SlowToClose(thatSaysGoodbyeAtOnce());
    connector.links.add(goodbye);
    CompletableFuture<Outcome> first = call(dialer, ClientStreamOptions.NO_DEADLINE);
    goodbye.closing().await();
    CompletableFuture<Outcome> second = call(dialer, ClientStreamOptions.NO_DEADLINE);
    goodbye.mayClose().countDown();
    assertThat(first.get().text()).isEqualTo(Fault.PEER_DRAINING.text(ADDRESS));
    assertThat(second.get().text()).isEqualTo(Fault.PEER_DRAINING.text(ADDRESS));
    assertThat(dialer.state()).isEqualTo(Connectivity.State.TRANSIENT_FAILURE);
    assertThat(connector.connects.get()).isEqualTo(1);
    dialer.shutdown();
    assertThat(dialer.awaitTermination(TimeUnit.SECONDS.toNanos(60))).isTrue();
  }

  @Test
  void callsThatExpireWhileTheyBeginLeaveNothingBehind() throws Exception {
    Scripted connector = new Scripted();
    connector.links.add(LocalLink.open(ADDRESS, 1 << 10).first()); // its peer says nothing
    Dialer dialer = dialer(connector);
    for (int i = 0; i < 20_000; i++) {
      assertThat(call(dialer, 1).get().code()).isEqualTo(Code.DEADLINE_EXCEEDED);
    }
    dialer.shutdown();
    assertThat(dialer.awaitTermination(TimeUnit.SECONDS.toNanos(30))).isTrue();
  }

  /** Never connects, and says so when it may. */
  private static final class Refusing implements Connector {
    final CountDownLatch mayFail = new CountDownLatch(1);
    final CountDownLatch connected = new CountDownLatch(1);

    @Override
    public Link connect(long timeoutNanos) throws LinkException {
      connected.countDown();
      try {
        mayFail.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      throw Fault.CONNECT_FAILED.with(ADDRESS, "connect", "refused");
    }

    @Override
    public long helloTimeoutNanos() {
      return TimeUnit.SECONDS.toNanos(60);
    }

    @Override
    public void close() {}
  }

  @Test
  @Timeout(20)
  void theCallsThatAFailureEndsTakeNoLongerEachTheMoreTheyAre() throws Exception {
    Refusing connector = new Refusing();
    Dialer dialer = dialer(connector);
    List<CompletableFuture<Outcome>> calls = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      calls.add(call(dialer, ClientStreamOptions.NO_DEADLINE));
    }
    connector.mayFail.countDown();
    for (CompletableFuture<Outcome> call : calls) {
      assertThat(call.get().code()).isEqualTo(Code.UNAVAILABLE);
    }
    dialer.shutdown();
  }

  /** A link for which there is no memory left. */
  private record TooMuch(Link link, CountDownLatch closed) implements ForwardingLink {
    @Override
    public void limitSpin(long nanos) {
      throw new OutOfMemoryError("of the test");
    }

    @Override
    public void close() {
      closed.countDown();
      link.close();
    }
  }

  @Test
  void aLinkThatCannotBeDrivenIsClosed() throws Exception {
    Scripted connector = new Scripted();
    TooMuch link = new TooMuch(LocalLink.open(ADDRESS, 1 << 10).first(), new CountDownLatch(1));
    connector.links.add(link);
    Dialer dialer = dialer(connector);
    assertThat(call(dialer, ClientStreamOptions.NO_DEADLINE).get().code())
        .isEqualTo(Code.UNAVAILABLE);
    link.closed().await();
    dialer.shutdown();
  }

  @Test
  void aChannelForWhichThereWasNoThreadFailsItsCallsAndTriesAgain() throws Exception {
    AtomicInteger threads = new AtomicInteger();
    ThreadFactory exhausted =
        task ->
            new Thread(task) {
              @Override
              public synchronized void start() {
                if (threads.getAndIncrement() == 0) {
                  throw new OutOfMemoryError("unable to create native thread");
                }
                super.start();
              }
            };
    Refusing connector = new Refusing();
    connector.mayFail.countDown();
    Dialer dialer =
        new Dialer(connector, options(), Backoff.exponential(1L << 60, 1L << 60), exhausted);
    Outcome failure = call(dialer, ClientStreamOptions.NO_DEADLINE).get();
    assertThat(failure.text()).contains("unable to create native thread");
    dialer.connectNow();
    dialer.connectSooner();
    connector.connected.await();
    dialer.shutdown();
    assertThat(dialer.awaitTermination(TimeUnit.SECONDS.toNanos(60))).isTrue();
  }
}
