package dev.samehost.call;

import static com.google.common.truth.Truth.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.samehost.connection.Pair;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.LocalLink;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that are taken though nothing is left to serve them with. */
@Timeout(60)
final class ReceptionTest {
  private static final String ADDRESS = "scripted:here";
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** Gives the links that a test hands to its acceptor. */
  private static final class Scripted implements Listener {
    private Acceptor acceptor;

    @Override
    public void start(Acceptor given) {
      acceptor = given;
    }

    @Override
    public String address() {
      return ADDRESS;
    }

    @Override
    public void close() {}
  }

  @Test
  void aLinkForWhichThereIsNoThreadIsClosedAndKeepsNothingFromTerminating() throws Exception {
    ThreadFactory exhausted =
        task ->
            new Thread(task) {
              @Override
              public synchronized void start() {
                throw new OutOfMemoryError("unable to create native thread");
              }
            };
    Scripted listener = new Scripted();
    Reception.Options options =
        new Reception.Options(Pair.HELLO, Long.MAX_VALUE, -1, EndOfCall.NOBODY);
    Reception reception = new Reception(listener, options, Serving.NOTHING, exhausted);
    reception.start();
    Link link = LocalLink.open(ADDRESS, 1 << 10).second();
    listener.acceptor.accepted(link, NOTHING);
    assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1)));
    reception.shutdown();
    assertThat(reception.awaitTermination(TimeUnit.SECONDS.toNanos(60))).isTrue();
  }

  /** A link for which there is no memory left. */
  private record TooMuch(Link link) implements ForwardingLink {
    @Override
    public void limitSpin(long nanos) {
      throw new OutOfMemoryError("of the test");
    }
  }

  @Test
  void aLinkThatCannotBeDrivenIsClosedAndItsListenerGoesOn() throws Exception {
    Scripted listener = new Scripted();
    Reception.Options options =
        new Reception.Options(Pair.HELLO, Long.MAX_VALUE, -1, EndOfCall.NOBODY);
    Reception reception = new Reception(listener, options, Serving.NOTHING);
    reception.start();
    Link link = LocalLink.open(ADDRESS, 1 << 10).second();
    listener.acceptor.accepted(new TooMuch(link), NOTHING);
    assertThrows(LinkException.class, () -> link.write(ByteBuffer.allocate(1)));
    reception.shutdown();
    assertThat(reception.awaitTermination(TimeUnit.SECONDS.toNanos(60))).isTrue();
  }
}
