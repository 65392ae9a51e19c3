package dev.samehost;

import static com.google.common.truth.Truth.assertWithMessage;

import dev.samehost.test.EchoGrpc;
import dev.samehost.test.Note;
import dev.samehost.transport.shm.ShmOptions;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Servers and channels of one test, at addresses of its own; all of them end with it. */
final class Setting implements AutoCloseable {
  /** Each transport that tests run over. */
  enum Transport {
    PAIR,
    UNIX,
    /** Never over the socket. */
    SHM
  }

  /** How long anything may take on a busy machine. */
  static final long PATIENCE_SECONDS = 60;

  private static final AtomicInteger NAMES = new AtomicInteger();

  private final Path folder;
  private final String address;
  private final List<Server> servers = new ArrayList<>();
  private final List<ManagedChannel> channels = new ArrayList<>();

  Setting(Transport transport) throws IOException {
    folder = Files.createTempDirectory("samehost-test");
    address =
        switch (transport) {
          case PAIR -> "test-pair:" + NAMES.incrementAndGet();
          case UNIX -> "unix:" + folder.resolve("socket");
          case SHM -> "shm:" + folder.resolve("socket");
        };
  }

  String address() {
    return address;
  }

  Path folder() {
    return folder;
  }

  SamehostServerBuilder server() {
    return SamehostServerBuilder.forAddress(address);
  }

  SamehostChannelBuilder channel() {
    return SamehostChannelBuilder.forAddress(address).transportOption(ShmOptions.STRICT, true);
  }

  Server start(SamehostServerBuilder builder) throws IOException {
    Server server = builder.build();
    servers.add(server);
    return server.start();
  }

  /** A server of the test service. */
  Server startEcho() throws IOException {
    return start(server().addService(new EchoService()));
  }

  ManagedChannel open(SamehostChannelBuilder builder) {
    ManagedChannel channel = builder.build();
    channels.add(channel);
    return channel;
  }

  ManagedChannel open() {
    return open(channel());
  }

  EchoGrpc.EchoBlockingStub blocking() {
    return EchoGrpc.newBlockingStub(open());
  }

  /** Waits until no connection of this address has a thread any more, at either end. */
  void awaitAway() throws InterruptedException {
    while (readers() > 0) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  /** How many threads read connections of this address. */
  long readers() {
    return readers(address);
  }

  /** How many threads read connections of an address. */
  static long readers(String address) {
    ThreadGroup all = Thread.currentThread().getThreadGroup();
    while (all.getParent() != null) {
      all = all.getParent();
    }
    // To ask for all stacks would stop a thousand threads each time.
    Thread[] threads = new Thread[2 * all.activeCount() + 100];
    return Arrays.stream(threads, 0, all.enumerate(threads))
        .filter(thread -> thread.getName().endsWith(" " + address))
        .count();
  }

  static Note note(String text) {
    return Note.newBuilder().setText(text).build();
  }

  @Override
  public void close() throws Exception {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow();
    }
    for (Server server : servers) {
      server.shutdownNow();
    }
    for (ManagedChannel channel : channels) {
      assertWithMessage("%s terminates", channel)
          .that(channel.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .isTrue();
    }
    for (Server server : servers) {
      assertWithMessage("%s terminates", server)
          .that(server.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .isTrue();
    }
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
