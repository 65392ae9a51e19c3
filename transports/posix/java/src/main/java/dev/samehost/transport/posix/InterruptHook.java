package dev.samehost.transport.posix;

import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.Set;

/**
 * Runs an action when the thread between {@link #enter} and {@link #exit} is interrupted, or was
 * before it entered. Nothing interrupts a thread in a native call; but the JDK lets a selector say
 * what an interrupt shall do, by a public method of its base class. So this is a selector that
 * selects nothing.
 */
public final class InterruptHook extends AbstractSelector {
  private final Runnable action;

  /** A hook that runs {@code action}. */
  public InterruptHook(Runnable action) {
    super(null);
    this.action = action;
  }

  /** From here on an interrupt of this thread runs the action. */
  public void enter() {
    begin();
  }

  /** An interrupt of this thread no longer runs the action. */
  public void exit() {
    end();
  }

  @Override
  public Selector wakeup() {
    action.run();
    return this;
  }

  @Override
  protected void implCloseSelector() {}

  @Override
  protected SelectionKey register(AbstractSelectableChannel channel, int operations, Object given) {
    throw new UnsupportedOperationException(SelectableChannel.class.getName());
  }

  @Override
  public Set<SelectionKey> keys() {
    return Set.of();
  }

  @Override
  public Set<SelectionKey> selectedKeys() {
    return Set.of();
  }

  @Override
  public int selectNow() throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public int select(long timeout) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public int select() throws IOException {
    throw new UnsupportedOperationException();
  }
}
