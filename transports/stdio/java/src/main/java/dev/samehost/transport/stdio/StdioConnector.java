package dev.samehost.transport.stdio;

import dev.samehost.transport.Address;
import dev.samehost.transport.Connector;
import dev.samehost.transport.Fault;
import dev.samehost.transport.Link;
import dev.samehost.transport.LinkException;
import dev.samehost.transport.Peer;
import dev.samehost.transport.TransportOptions;
import dev.samehost.transport.posix.Access;
import dev.samehost.transport.posix.Errno;
import dev.samehost.transport.posix.Fd;
import dev.samehost.transport.posix.FdLink;
import dev.samehost.transport.posix.SystemCallException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ThreadFactory;

/** Starts a child for each link. What it started lives until its link is closed, and its grace. */
final class StdioConnector implements Connector {
  private final Address address;
  private final List<String> arguments;
  private final TransportOptions options;
  private final ThreadFactory threads;
  private volatile boolean closed;

  StdioConnector(Address address, List<String> arguments, TransportOptions options) {
    this(address, arguments, options, StdioConnector::daemon);
  }

  /** One whose threads are made by {@code threads}. */
  StdioConnector(
      Address address, List<String> arguments, TransportOptions options, ThreadFactory threads) {
    this.threads = threads;
    this.address = address;
    this.arguments = List.copyOf(arguments);
    this.options = options;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public Link connect(long timeoutNanos) throws LinkException {
    if (closed) {
      throw Fault.CHANNEL_SHUTDOWN.with(address);
    }
    Path folder = options.get(StdioOptions.FOLDER);
    if (!Spawn.isFolder(folder)) {
      throw spawnFailed("folder " + folder + ": " + Errno.describe(Errno.ENOENT.number()));
    }
    try (Pipes pipes = new Pipes()) {
      int pid;
      try {
        pid =
            Spawn.start(
                arguments,
                options.get(StdioOptions.ENVIRONMENT),
                folder,
                pipes.input.source(),
                pipes.output.sink(),
                pipes.error.sink());
      } catch (SystemCallException e) {
        throw Errno.EMFILE.is(e.errno())
            ? e.fault(Fault.SPAWN_FAILED, address)
            : spawnFailed(e.error());
      }
      return link(pid, pipes);
    } catch (SystemCallException e) {
      throw e.fault(Fault.CONNECT_FAILED, address);
    }
  }

  private LinkException spawnFailed(String error) {
    return Fault.SPAWN_FAILED.with(address, arguments.get(0), error);
  }

  private Link link(int pid, Pipes pipes) throws SystemCallException {
    Peer peer =
        new Peer(
            address.toString(), OptionalLong.of(pid), OptionalLong.empty(), OptionalLong.empty());
    FdLink link;
    FdLink error;
    try {
      link =
          FdLink.over(
              pipes.output.source(),
              Access.NON_BLOCKING,
              pipes.input.sink(),
              Access.NON_BLOCKING,
              peer);
      error = error(pipes, link);
    } catch (SystemCallException e) {
      ChildProcess.watch(pid, threads, () -> {}).shutDown(Duration.ZERO);
      throw e;
    }
    pipes.taken = true;
    StderrReader stderr = new StderrReader(error, options.get(StdioOptions.STDERR_LINES));
    ChildProcess child;
    try {
      child = watched(pid, stderr, link);
    } catch (RuntimeException | Error e) {
      link.close();
      error.close();
      throw e;
    }
    return new ChildLink(
        link,
        child,
        stderr,
        options.get(StdioOptions.GRACE),
        options.get(StdioOptions.HELLO_TIMEOUT));
  }

  private ChildProcess watched(int pid, StderrReader stderr, FdLink link) {
    ChildProcess child =
        ChildProcess.watch(
            pid,
            threads,
            () -> {
              stderr.childEnded();
              link.wake();
            });
    try {
      stderr.start(pid, threads);
    } catch (RuntimeException | Error e) {
      child.shutDown(Duration.ZERO);
      throw e;
    }
    return child;
  }

  /** The link to the child's standard error; where it cannot be made, the other one is closed. */
  private static FdLink error(Pipes pipes, FdLink link) throws SystemCallException {
    try {
      return FdLink.toRead(pipes.error.source(), Access.NON_BLOCKING, link.peer());
    } catch (SystemCallException e) {
      link.close();
      throw e;
    }
  }

  @Override
  public long helloTimeoutNanos() {
    return options.get(StdioOptions.HELLO_TIMEOUT).toNanos();
  }

  @Override
  public int noiseLimit() {
    return options.get(StdioOptions.NOISE_LIMIT);
  }

  @Override
  public void close() {
    closed = true;
  }

  /**
   * The three pipes of a child. Closing closes the child's ends in any case, for only then the end
   * of the child is seen, and the host's ends unless a link has taken them.
   */
  private static final class Pipes implements AutoCloseable {
    private Fd.Pipe input;
    private Fd.Pipe output;
    private Fd.Pipe error;
    private boolean taken;

    private Pipes() throws SystemCallException {
      try {
        input = Fd.pipe();
        output = Fd.pipe();
        error = Fd.pipe();
        // Each end of a pipe has a description of its own: the child's ends stay blocking.
        input.sink().setNonBlocking();
        output.source().setNonBlocking();
        error.source().setNonBlocking();
      } catch (SystemCallException e) {
        close();
        throw e;
      }
    }

    @Override
    public void close() {
      if (input != null) {
        close(input.source(), input.sink());
      }
      if (output != null) {
        close(output.sink(), output.source());
      }
      if (error != null) {
        close(error.sink(), error.source());
      }
    }

    private void close(Fd ofChild, Fd ofHost) {
      ofChild.close();
      if (!taken) {
        ofHost.close();
      }
    }
  }
}
