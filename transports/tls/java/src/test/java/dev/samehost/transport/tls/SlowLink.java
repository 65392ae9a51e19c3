package dev.samehost.transport.tls;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import java.nio.ByteBuffer;

/** A link that takes and gives at most so many bytes at a time, and takes none when told so. */
final class SlowLink implements Link {
  private final Link link;
  private final int most;
  volatile boolean isClogged;

  SlowLink(Link link, int most) {
    this.link = link;
    this.most = most;
  }

  private interface Move {
    int of(ByteBuffer bytes) throws LinkException;
  }

  private int some(ByteBuffer bytes, Move move) throws LinkException {
    int limit = bytes.limit();
    try {
      return move.of(bytes.limit(Math.min(limit, bytes.position() + most)));
    } finally {
      bytes.limit(limit);
    }
  }

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    return some(destination, link::read);
  }

  @Override
  public int write(ByteBuffer source) throws LinkException {
    return isClogged ? 0 : some(source, link::write);
  }

  @Override
  public int await(int interest, long timeoutNanos) throws LinkException {
    return link.await(isClogged ? interest & ~WRITE : interest, timeoutNanos);
  }

  @Override
  public void wake() {
    link.wake();
  }

  @Override
  public Peer peer() {
    return link.peer();
  }

  @Override
  public void close() {
    link.close();
  }
}
