package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;

import dev.samehost.connection.Pair;
import dev.samehost.connection.Settings;
import dev.samehost.connection.Side;
import dev.samehost.connection.Stream;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.LocalLink;
import dev.samehost.wire.GoAwayCode;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A reader that is about to leave, or has left, and all that it may be wanted for. */
@Timeout(60)
final class AwayTest {
  private static final String ADDRESS = "scripted:here";
  private static final int CAPACITY = 1 << 10;

  /** A link whose watcher is the test, which calls back when it wants. */
  private record WatchedByTest(
      Link link,
      AtomicReference<Runnable> watcher,
      CountDownLatch awaits,
      AtomicReference<ByteBuffer> readInto)
      implements ForwardingLink {
    WatchedByTest(Link link) {
      this(link, new AtomicReference<>(), new CountDownLatch(2), new AtomicReference<>());
    }

    @Override
    public int read(ByteBuffer destination) throws LinkException {
      readInto.set(destination);
      return link.read(destination);
    }

    @Override
    public boolean watch(Runnable ready) {
      watcher.set(ready);
      return true;
    }

    @Override
    public int await(int interest, long timeoutNanos) throws LinkException {
      awaits.countDown();
      return link.await(interest, timeoutNanos);
    }
  }

  /** Tells which calls came, and the end. */
  private static final class Owner implements SessionOwner {
    final BlockingQueue<String> paths = new LinkedBlockingQueue<>();
    final CountDownLatch ready = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public void ready(Session session) {
      ready.countDown();
    }

    @Override
    public Serving serving() {
      return Serving.NOTHING;
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public BackgroundReader.Crew crew() {
      return new BackgroundReader.Crew(ReaderThread.at("away-test-", () -> ADDRESS), true, false);
    }

    @Override
    public void serve(ServerStream stream) {
      paths.add(stream.path()); // and answers nothing: nobody here knows what to do with it
    }

    @Override
    public void draining(Session session) {}

    @Override
    public void closed(Session session, LinkException fault) {
      closed.countDown();
    }
  }

  private final QuietTime time = QuietTime.of(TimeUnit.HOURS.toNanos(1));
  private final LocalLink.Ends ends = LocalLink.open(ADDRESS, CAPACITY);
  private final WatchedByTest link = new WatchedByTest(ends.second());
  private final Owner owner = new Owner();
  private final Session session = session(link, Side.ACCEPTOR, owner);
  private final Owner peersOwner = new Owner();
  private final Session peer = session(ends.first(), Side.CONNECTOR, peersOwner);

  private static Session session(Link link, Side side, Owner owner) {
    Settings settings = Settings.of(ADDRESS, Pair.HELLO);
    return new Session(link, side, settings, Long.MAX_VALUE, owner);
  }

  private static void read(Session session) {
    Thread thread = new Thread(session.background());
    thread.setDaemon(true);
    thread.start();
  }

  /** Both sides have said HELLO, and the reader sleeps. */
  private void connect() throws InterruptedException {
    read(session);
    read(peer);
    owner.ready.await();
    peersOwner.ready.await();
    link.awaits.await();
  }

  /** The same, and then the reader leaves. */
  private void connectAndLeave() throws InterruptedException {
    connect();
    time.set(0);
    session.wakeReader();
    while (link.watcher.get() == null || !session.background().waitsForRole()) {
      Thread.onSpinWait();
    }
  }

  @AfterEach
  void end() throws InterruptedException {
    for (Session each : new Session[] {session, peer}) {
      each.fail(GoAwayCode.NO_ERROR, "the test is over", Fault.LINK_CLOSED.with(ADDRESS));
    }
    owner.closed.await();
    peersOwner.closed.await();
    time.close();
  }

  private void call() {
    peer.perform(
        c -> c.open(null, "/t.S/M", Pair.NONE, Stream.NO_DEADLINE, Pair.message(1), false, true));
  }

  @Test
  void bytesThatComeWhileItIsAwayAreRead() throws Exception {
    connectAndLeave();
    call();
    link.watcher.get().run();
    assertThat(owner.paths.take()).isEqualTo("/t.S/M");
  }

  @Test
  void itKeepsNoMemoryToReadIntoWhileItIsAway() throws Exception {
    connectAndLeave();
    ByteBuffer before = link.readInto.get();
    call();
    link.watcher.get().run();
    assertThat(owner.paths.take()).isEqualTo("/t.S/M");
    assertThat(link.readInto.get()).isNotSameInstanceAs(before);
  }

  @Test
  void aCallBackForNothingBringsItBackForNothing() throws Exception {
    connectAndLeave();
    for (int i = 0; i < 100; i++) {
      Runnable watcher = link.watcher.getAndSet(null);
      watcher.run();
      watcher.run();
      while (link.watcher.get() == null) {
        Thread.onSpinWait();
      }
    }
    call();
    link.watcher.get().run();
    assertThat(owner.paths.take()).isEqualTo("/t.S/M");
  }

  @Test
  void aTaskThatComesWhileItIsAwayIsRun() throws Exception {
    connectAndLeave();
    CountDownLatch ran = new CountDownLatch(1);
    session.background().execute(ran::countDown);
    ran.await();
  }

  @Test
  void aTaskThatComesWhenItIsAboutToLeaveIsRun() throws Exception {
    connect();
    time.set(0);
    CountDownLatch ran = new CountDownLatch(1);
    session.background().execute(ran::countDown);
    ran.await();
  }

  @Test
  void whatTheLinkHasNotTakenIsWrittenThoughNothingComes() throws Exception {
    connect();
    time.set(0);
    // More than the link holds, of which a peer that takes all of it says nothing.
    session.perform(
        c ->
            c.open(
                null, "/t.S/M", Pair.NONE, Stream.NO_DEADLINE, Pair.message(9_000), false, false));
    assertThat(peersOwner.paths.take()).isEqualTo("/t.S/M");
    assertThat(session.needsReaderNow()).isFalse();
  }

  @Test
  void itComesBackForTheEndThatThisSideMakes() throws Exception {
    connectAndLeave();
    session.fail(GoAwayCode.NO_ERROR, "on purpose", Fault.LINK_CLOSED.with(ADDRESS));
    owner.closed.await();
  }
}
