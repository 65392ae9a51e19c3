package dev.samehost.transport.testkit;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An acceptor that keeps what it is told. Bytes that begin with {@link #GREETING} are judged YES,
 * fewer of them MORE, and all others NO.
 */
public final class RecordingAcceptor implements Listener.Acceptor {
  /** What a connector writes to be accepted. */
  public static final String GREETING = "hello\n";

  /** What a connection that is turned away reads before the end. */
  public static final String FAREWELL = "go away\n";

  private final BlockingQueue<Link> accepted = new LinkedBlockingQueue<>();
  private final BlockingQueue<ByteBuffer> judged = new LinkedBlockingQueue<>();
  private final BlockingQueue<LinkException> refused = new LinkedBlockingQueue<>();
  private final BlockingQueue<LinkException> ended = new LinkedBlockingQueue<>();

  @Override
  public Listener.FirstBytes judge(ByteBuffer bytes) {
    String text = StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
    if (text.startsWith(GREETING)) {
      return Listener.FirstBytes.YES;
    }
    return GREETING.startsWith(text) ? Listener.FirstBytes.MORE : Listener.FirstBytes.NO;
  }

  @Override
  public void accepted(Link link, ByteBuffer first) {
    judged.add(first.duplicate());
    accepted.add(link);
  }

  @Override
  public void refused(LinkException why) {
    refused.add(why);
  }

  @Override
  public ByteBuffer farewell(LinkException why) {
    return StandardCharsets.ISO_8859_1.encode(FAREWELL);
  }

  @Override
  public void ended(LinkException why) {
    ended.add(why);
  }

  /** The next link, waiting for it. */
  public Link nextAccepted() throws InterruptedException {
    return next(accepted, "link");
  }

  /** The first bytes of the next link, whether or not it was asked for, waiting for it. */
  public ByteBuffer nextJudged() throws InterruptedException {
    return next(judged, "link");
  }

  /** Why the next connection was turned away, waiting for it. */
  public LinkException nextRefused() throws InterruptedException {
    return next(refused, "refusal");
  }

  /** Why the listener has ended, waiting for it. */
  public LinkException nextEnded() throws InterruptedException {
    return next(ended, "end");
  }

  /** Whether nothing was accepted, refused or ended that was not asked for. */
  public boolean isEmpty() {
    return accepted.isEmpty() && refused.isEmpty() && ended.isEmpty();
  }

  private static <T> T next(BlockingQueue<T> queue, String what) throws InterruptedException {
    T next = queue.poll(Bytes.PATIENCE_NANOS, TimeUnit.NANOSECONDS);
    if (next == null) {
      throw new AssertionError("no " + what + " came");
    }
    return next;
  }
}
