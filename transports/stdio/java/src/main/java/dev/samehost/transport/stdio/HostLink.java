package dev.samehost.transport.stdio;

import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import java.nio.ByteBuffer;

/** The child's end of the link to its host. It tells a watch what it learns, and its own end. */
final class HostLink implements Link {
  private final Link pipes;
  private final HostWatch watch;
  private final Runnable onClose;

  /**
   * A link over what was standard input and output.
   *
   * @param watch null when the process may outlive its host
   * @param onClose run after each {@link #close}
   */
  HostLink(Link pipes, HostWatch watch, Runnable onClose) {
    this.pipes = pipes;
    this.watch = watch;
    this.onClose = onClose;
  }

  @Override
  public int read(ByteBuffer destination) throws LinkException {
    return pipes.read(destination);
  }

  @Override
  public int write(ByteBuffer source) throws LinkException {
    return pipes.write(source);
  }

  @Override
  public int await(int interest, long timeoutNanos) throws LinkException {
    return pipes.await(interest, timeoutNanos);
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
  public void peerSaidHello(long pid, long pidNamespace) {
    if (watch != null) {
      watch.hostIs(pid, pidNamespace);
    }
  }

  @Override
  public void close() {
    pipes.close();
    if (watch != null) {
      watch.inputIsClosed();
    }
    onClose.run();
  }
}
