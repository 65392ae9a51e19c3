package dev.samehost.transport.stdio;

import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Listener;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.SystemCallException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Serves the host that has started this process: accepts one link, over standard input and output,
 * and ends with it. From its start on standard input is empty, and what is printed to standard
 * output goes to standard error.
 */
final class StdioListener implements Listener {
  private static final String ADDRESS = "stdio:";

  /** A process has one standard input and output, which are gone once somebody serves on them. */
  private static final AtomicBoolean TAKEN = new AtomicBoolean();

  private final TransportOptions options;

  /** Whether the acceptor is not to be told of the end, by a close or because it was. */
  private final AtomicBoolean over = new AtomicBoolean();

  StdioListener(TransportOptions options) {
    this.options = options;
  }

  @Override
  public void start(Acceptor acceptor) throws LinkException {
    if (!TAKEN.compareAndSet(false, true)) {
      throw Fault.STDIO_TAKEN.with();
    }
    boolean started = false;
    try {
      refuseTerminal(0, "input");
      refuseTerminal(1, "output");
      acceptor.accepted(link(acceptor), ByteBuffer.allocate(0));
      started = true;
    } catch (SystemCallException e) {
      throw e.fault(Fault.LISTEN_FAILED, ADDRESS);
    } finally {
      TAKEN.set(started);
    }
  }

  private static void refuseTerminal(int number, String stream) throws LinkException {
    if (Fd.isTerminal(number)) {
      throw Fault.STDIO_TERMINAL.with(stream);
    }
  }

  private Link link(Acceptor acceptor) throws SystemCallException {
    StandardStream input = StandardStream.toRead(0);
    StandardStream output = null;
    try {
      output = StandardStream.toWrite(1);
      Link pipes =
          FdLink.over(input.fd(), input.access(), output.fd(), output.access(), Peer.at(ADDRESS));
      replaceStandardStreams();
      HostWatch watch =
          options.get(StdioOptions.EXIT_WITH_HOST)
              ? HostWatch.start(input.fd().number(), options.get(StdioOptions.EXIT_GRACE))
              : null;
      return new HostLink(pipes, watch, () -> ended(acceptor));
    } catch (SystemCallException e) {
      input.fd().close();
      if (output != null) {
        output.fd().close();
      }
      throw e;
    }
  }

  private void ended(Acceptor acceptor) {
    if (over.compareAndSet(false, true)) {
      acceptor.ended(Fault.STDIO_ENDED.with());
    }
  }

  private static void replaceStandardStreams() throws SystemCallException {
    try (Fd empty = Fd.openSource("/dev/null");
        Fd nothing = Fd.openSink("/dev/null")) {
      Fd.copy(empty.number(), 0);
      try {
        Fd.copy(2, 1);
      } catch (SystemCallException e) {
        // There is no standard error.
        Fd.copy(nothing.number(), 1);
      }
    }
  }

  @Override
  public String address() {
    return ADDRESS;
  }

  @Override
  public void close() {
    over.set(true);
  }
}
