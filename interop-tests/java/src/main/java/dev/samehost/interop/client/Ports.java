package dev.samehost.interop.client;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;

/** Ports of this host at which nobody listens. */
final class Ports {
  /** Below those that the system gives to whoever asks for any; each process begins elsewhere. */
  private static final AtomicInteger NEXT =
      new AtomicInteger((int) (10_000 + ProcessHandle.current().pid() % 20_000));

  private Ports() {}

  /** One that nobody else was told, as a text. */
  static String closed() throws IOException {
    while (true) {
      int port = NEXT.getAndIncrement();
      if (isFree(port)) {
        return String.valueOf(port);
      }
    }
  }

  private static boolean isFree(int port) throws IOException {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (BindException e) {
      return false;
    }
  }
}
