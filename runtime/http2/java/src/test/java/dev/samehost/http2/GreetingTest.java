package dev.samehost.http2;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** How long a client of HTTP/2 may take to say its first frame. */
final class GreetingTest {
  @Test
  void aConnectionThatEndsBeforeItHasBegunFailsNothing() {
    EmbeddedChannel channel = new EmbeddedChannel();
    // It is active already, so that this handler is not told.
    channel.pipeline().addLast(new Greeting(1));
    Future<?> ignored = channel.close();
    channel.checkException();
  }
}
