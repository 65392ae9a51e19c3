package dev.samehost.call;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import java.nio.ByteBuffer;

/** A link that does what another one does, but for what a test overrides. */
public interface ForwardingLink extends Link {
  /** The other one. */
  Link link();

  @Override
  default int read(ByteBuffer destination) throws LinkException {
    return link().read(destination);
  }

  @Override
  default int write(ByteBuffer source) throws LinkException {
    return link().write(source);
  }

  @Override
  default boolean takesFromHeap() {
    return link().takesFromHeap();
  }

  @Override
  default int await(int interest, long timeoutNanos) throws LinkException {
    return link().await(interest, timeoutNanos);
  }

  @Override
  default void wake() {
    link().wake();
  }

  @Override
  default Peer peer() {
    return link().peer();
  }

  @Override
  default void close() {
    link().close();
  }
}
