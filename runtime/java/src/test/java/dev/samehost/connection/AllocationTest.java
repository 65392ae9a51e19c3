package dev.samehost.connection;

import static com.google.common.truth.Truth.assertThat;

import com.sun.management.ThreadMXBean;
import dev.samehost.transport.Code;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** A unary call allocates its streams, its events and its messages, and little else. */
final class AllocationTest {
  private static final int MESSAGE = 64;

  @Test
  void aUnaryCallAllocatesLittle() {
    Pair pair = new Pair();
    ByteBuffer wire = ByteBuffer.allocate(4_096);
    for (int i = 0; i < 20_000; i++) {
      call(pair, wire);
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1_000; i++) {
        call(pair, wire);
      }
      least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / 1_000);
    }
    // Both sides together: two streams with their halves, five events, four messages of 64 bytes.
    assertThat(least).isLessThan(2_048);
  }

  private static void call(Pair pair, ByteBuffer wire) {
    Connection client = pair.client.connection;
    Connection server = pair.server.connection;
    ByteBuffer request = ByteBuffer.wrap(new byte[MESSAGE]);
    Stream stream = client.open(null, "/t.S/M", Pair.NONE, 1_000_000, request, false, true);
    client.request(stream, 2);
    move(client, server, wire);
    Stream accepted = pair.server.next(Event.Opened.class).stream();
    server.request(accepted, 2);
    ByteBuffer bytes = pair.server.next(Event.Message.class).bytes().bytes();
    pair.server.events.clear();
    server.sendStatus(accepted, Pair.NONE, bytes, false, Code.OK, "", Pair.NONE);
    pair.server.events.clear();
    move(server, client, wire);
    int answered = pair.client.next(Event.Message.class).bytes().size();
    pair.client.next(Event.Status.class);
    if (answered != MESSAGE || !pair.client.events.isEmpty() || !pair.server.events.isEmpty()) {
      throw new AssertionError(pair.client.events);
    }
  }

  private static void move(Connection from, Connection to, ByteBuffer wire) {
    ByteBuffer out = from.outbound();
    wire.clear().put(out).flip();
    from.sent(wire.remaining());
    to.receive(wire);
  }
}
