package dev.samehost.examples.plugins;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.samehost.SamehostAttributes;
import dev.samehost.SamehostChannelBuilder;
import dev.samehost.transport.stdio.StdioOptions;
import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A plugin: a child process, which the first call starts. When it has died, the next call starts it
 * again. One that does not answer in time is ended, and started again likewise.
 */
final class PluginProcess implements AutoCloseable {
  /** A start takes longer than a document may: interpreters load themselves. */
  private static final long START_SECONDS = 30;

  /** The host's protection against a plugin that answers too much. */
  private static final int LARGEST_MESSAGE = 1 << 20;

  private final String name;
  private final String command;
  private final Workspace workspace;
  private final Duration patience;
  private final List<Long> processes = new CopyOnWriteArrayList<>();
  private ManagedChannel channel;
  private boolean closed;

  /**
   * Starts nothing yet.
   *
   * @param command split into words as a shell does it
   * @param workspace what the plugin may ask of this host
   * @param patience how long a transformation may take
   */
  PluginProcess(String name, String command, Workspace workspace, Duration patience) {
    this.name = name;
    this.command = command;
    this.workspace = workspace;
    this.patience = patience;
  }

  /** Starts the plugin, and asks what it can do. Does not wait. */
  CompletableFuture<DescribeReply> start() {
    return starting(channel()).describeAsync(DescribeRequest.getDefaultInstance());
  }

  /**
   * Has a document transformed.
   *
   * @throws StatusRuntimeException INVALID_ARGUMENT and the like by the plugin; UNAVAILABLE when it
   *     has died of this document, with its last words; DEADLINE_EXCEEDED when it was ended
   */
  String transform(TransformRequest request) {
    ManagedChannel used = channel();
    if (used.getState(false) != ConnectivityState.READY) {
      starting(used).describe(DescribeRequest.getDefaultInstance());
    }
    try {
      return Plugin.client(used)
          .withDeadlineAfter(patience.toMillis(), MILLISECONDS)
          .transform(request)
          .getText();
    } catch (StatusRuntimeException failure) {
      if (failure.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED) {
        giveUp(used);
      }
      throw failure;
    }
  }

  /** The process ids that the plugin has had, the present one last. */
  List<Long> processes() {
    return processes;
  }

  private static PluginClient starting(ManagedChannel channel) {
    return Plugin.client(channel).withDeadlineAfter(START_SECONDS, SECONDS);
  }

  private synchronized ManagedChannel channel() {
    if (closed) {
      throw Status.UNAVAILABLE.withDescription(name + " is closed").asRuntimeException();
    }
    if (channel == null) {
      channel =
          SamehostChannelBuilder.forAddress("stdio:" + command)
              .addService(Workspace.server(workspace))
              .maxInboundMessageSize(LARGEST_MESSAGE)
              .transportOption(StdioOptions.STDERR_LINES, this::log)
              .addTransportFilter(new Starts())
              .build();
    }
    return channel;
  }

  /** What is stuck does not hear of a cancellation; but the end of its channel ends the process. */
  private synchronized void giveUp(ManagedChannel stuck) {
    stuck.shutdownNow();
    if (channel == stuck) {
      channel = null;
    }
  }

  private void log(String line) {
    System.out.println("    [" + name + "] " + line);
  }

  /** Ends the process. Calls that are open fail. */
  @Override
  public synchronized void close() {
    closed = true;
    if (channel != null) {
      channel.shutdownNow();
    }
  }

  /** Hears of every start. */
  private final class Starts extends ClientTransportFilter {
    @Override
    public Attributes transportReady(Attributes connection) {
      connection.get(SamehostAttributes.PEER).processId().ifPresent(processes::add);
      return connection;
    }
  }
}
