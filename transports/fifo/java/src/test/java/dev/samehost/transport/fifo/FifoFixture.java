package dev.samehost.transport.fifo;

import static com.google.common.truth.Truth.assertThat;
import static com.google.common.truth.Truth.assertWithMessage;
import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.Fifos;
import dev.samehost.transport.posix.Poll;
import dev.samehost.transport.posix.SystemCallException;
import dev.samehost.transport.testkit.Bytes;
import dev.samehost.transport.testkit.LinkEnds;
import dev.samehost.transport.testkit.RecordingAcceptor;
import dev.samehost.transport.testkit.TransportContractTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** A folder with a rendezvous, and clients that do one step after the other by hand. */
record FifoFixture(Path folder) {
  static final String ANSWER = "\u0006";

  Path path() {
    return folder.resolve("calls");
  }

  Address address() {
    return new Address("fifo", path().toString());
  }

  /** Both ends of a link through a listener and a connector made for it alone. */
  LinkEnds open() throws Exception {
    RecordingAcceptor acceptor = new RecordingAcceptor();
    try (Listener listener = server(acceptor);
        Connector connector = connector()) {
      assertThat(listener.address()).isEqualTo(address().toString());
      return TransportContractTest.link(connector, acceptor);
    }
  }

  Connector connector() throws LinkException {
    return new FifoTransport().connector(address(), TransportOptions.NONE);
  }

  LinkException connectFailure(long timeoutNanos) throws LinkException {
    try (Connector connector = connector()) {
      connector.connect(timeoutNanos).close();
      throw new AssertionError("it connects");
    } catch (LinkException e) {
      return e;
    }
  }

  /** One that hears clients for long. */
  Listener server(RecordingAcceptor acceptor) throws LinkException {
    return server(acceptor, Duration.ofHours(1));
  }

  Listener server(RecordingAcceptor acceptor, Duration helloTimeout) throws LinkException {
    TransportOptions options = TransportOptions.NONE.with(FifoOptions.HELLO_TIMEOUT, helloTimeout);
    Listener listener = new FifoTransport().listener(address(), options);
    listener.start(acceptor);
    return listener;
  }

  /** A rendezvous at which somebody stands who does nothing. */
  Fd idleServer() throws SystemCallException {
    make("calls");
    return Fifos.open(path().toString(), Fifos.BOTH);
  }

  void make(String name) {
    assertThat(Fifos.make(folder.resolve(name).toString())).isEqualTo(0);
  }

  List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  void awaitNames(String... expected) throws Exception {
    long start = System.nanoTime();
    while (!names().equals(List.of(expected))) {
      assertWithMessage(names().toString())
          .that(System.nanoTime() - start)
          .isLessThan(Bytes.PATIENCE_NANOS);
      Thread.sleep(2);
    }
  }

  /** Writes to the rendezvous, a record or a lie. */
  void handIn(String text) throws SystemCallException {
    try (Fd rendezvous = Fifos.open(path().toString(), Fifos.WRITE)) {
      write(rendezvous, text);
    }
  }

  static void write(Fd fifo, String text) throws SystemCallException {
    assertThat(Fifos.write(fifo, text.getBytes(US_ASCII))).isTrue();
  }

  /** What comes next from a FIFO; nothing at its end. */
  static String next(Fd fifo) throws SystemCallException {
    Poll poll = new Poll();
    poll.set(0, fifo.number(), Poll.READABLE);
    assertThat(poll.run(Bytes.PATIENCE_NANOS)).isEqualTo(1);
    ByteBuffer buffer = ByteBuffer.allocateDirect(600);
    assertThat(Fifos.read(fifo, buffer)).isAtLeast(0);
    return US_ASCII.decode(buffer.flip()).toString();
  }

  /** The first step of a client: a pair of FIFOs. */
  ByHand pair(int number) {
    Names names = Names.of("calls", number);
    make(names.up());
    make(names.down());
    return new ByHand(this, names);
  }

  /** A client that does one step after the other, as a test tells it. */
  record ByHand(FifoFixture place, Names names) {
    /** The second step. */
    Fd openDown() throws SystemCallException {
      return Fifos.open(place.folder.resolve(names.down()).toString(), Fifos.READ);
    }

    /** The third. */
    void handIn() throws SystemCallException {
      place.handIn(new String(names.record(), US_ASCII));
    }

    /** The last one, with the names still there. */
    Fd openUp() throws SystemCallException {
      return Fifos.open(place.folder.resolve(names.up()).toString(), Fifos.WRITE);
    }
  }
}
