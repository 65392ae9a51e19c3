package dev.samehost.interop.client;

import dev.samehost.interop.suite.Catalogue;
import dev.samehost.interop.suite.Step;
import dev.samehost.interop.suite.Suite;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One run of a client program: its address, its data, a folder of its own, and all that it opened
 * and started, which {@link #close} ends. Cases run one after the other.
 */
final class Session implements AutoCloseable {
  private static final long CLOSE_SECONDS = 20;

  /** Longer than the name of any socket may be. */
  private static final int LONG_NAME = 120;

  /** The name of the address's transport. */
  final String transport;

  final String address;
  final String serverLanguage;
  final Suite suite;
  final Catalogue catalogue;
  final Scratch scratch;
  private final Suite.TransportUse use;
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<Started> programs = new ArrayList<>();
  private final AtomicInteger names = new AtomicInteger();
  private final List<String> said = new ArrayList<>();
  private ManagedChannel shared;

  Session(String address, String serverLanguage, Suite suite) throws IOException {
    this.address = address;
    this.serverLanguage = serverLanguage;
    this.suite = suite;
    this.transport = address.replaceFirst(":.*", "");
    this.use = suite.transport(transport);
    this.catalogue = suite.catalogue();
    this.scratch = new Scratch();
  }

  /** The channel that cases share. */
  synchronized ManagedChannel channel() {
    if (shared == null) {
      shared = open(address, null);
    }
    return shared;
  }

  /** Gives the shared channel up: the next case gets a new one. */
  synchronized void discardChannel() {
    if (shared != null) {
      shared.shutdownNow();
      shared = null;
    }
  }

  /** A new channel, which lives until the session's end unless it is shut down before. */
  synchronized ManagedChannel open(String to, Step.Limits limits) {
    ManagedChannel channel = Channels.open(to, limits);
    channels.add(channel);
    return channel;
  }

  /** The same, which offers services to the session's server. */
  synchronized ManagedChannel openOffering() {
    ManagedChannel channel = Channels.openOffering(address);
    channels.add(channel);
    return channel;
  }

  /**
   * Notes a text that belongs to the case, for people and to be compared with another language's.
   */
  synchronized void say(String text) {
    said.add(text);
  }

  /** What was said since the last time. */
  synchronized List<String> takeSaid() {
    List<String> taken = List.copyOf(said);
    said.clear();
    return taken;
  }

  /** Whether what a case needs is so. */
  boolean has(String need) throws IOException {
    if (need.equals("unprivileged")) {
      return !Files.getAttribute(scratch.folder(), "unix:uid").equals(0);
    }
    throw new IllegalArgumentException("nobody knows how to tell: " + need);
  }

  /** A name that no other call, file or process of this session has. */
  String name(String prefix) {
    return prefix + "-" + ProcessHandle.current().pid() + "-" + names.incrementAndGet();
  }

  /** Whether a client starts its own server. */
  boolean spawns() {
    return use.spawns();
  }

  /** The address that a step names, or else the session's. */
  String address(Step step) throws IOException {
    if (step.address() == null) {
      return address;
    }
    return Suite.fill(
        step.address(),
        Map.of(
            "folder", scratch.folder().toString(),
            "file", suite.path("suites/faults.json"),
            "peer", "python3 " + quoted(suite.path("peers/peer.py")),
            "wrapper", "python3 " + quoted(suite.path("peers/wrapper.py")),
            "command", command(),
            "port", Ports.closed(),
            "long", "x".repeat(LONG_NAME)));
  }

  /** How a server of the session's language is started, its address missing. */
  String command() {
    return quoted(suite.path("server")) + " " + serverLanguage;
  }

  /** A server of its own for a case; on a transport whose clients start it, only its address. */
  Victim victim(String name) throws IOException {
    Map<String, String> values =
        Map.of(
            "folder", scratch.folder().toString(),
            "name", name,
            "port", Ports.closed(),
            "command", command());
    return new Victim(Suite.fill(use.client(), values), Suite.fill(use.server(), values));
  }

  /** A server that a case may kill. */
  final class Victim {
    /** Where a client reaches it. */
    final String address;

    private final String serverAddress;

    private Victim(String address, String serverAddress) {
      this.address = address;
      this.serverAddress = serverAddress;
    }

    /** Starts it, where a client does not do so by connecting; returns when it is ready. */
    void start() throws IOException, InterruptedException {
      if (!spawns()) {
        Started server = program(suite.path("server"), serverLanguage, "--address", serverAddress);
        server.awaitLine("READY");
      }
    }
  }

  /** Starts a program, which is killed at the end of the session if it still runs then. */
  synchronized Started program(String... command) throws IOException {
    Started program = Started.start(command);
    programs.add(program);
    return program;
  }

  static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** A file of the session's own folder. */
  Path file(String name) {
    return scratch.folder().resolve(name);
  }

  /**
   * Ends all that was opened and started.
   *
   * @throws IOException when a channel does not end
   */
  @Override
  public void close() throws IOException, InterruptedException {
    try {
      channels.forEach(ManagedChannel::shutdown);
      for (ManagedChannel channel : channels) {
        if (!channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
          channel.shutdownNow();
          throw new IOException("a channel did not end within " + CLOSE_SECONDS + " s");
        }
      }
    } finally {
      programs.forEach(Started::kill);
      scratch.close();
    }
  }
}
