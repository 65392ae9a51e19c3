package dev.samehost.http2;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** Stands between a client and a server on tcp, and lets either of them see the other one die. */
final class Relay implements AutoCloseable {
  private final SocketAddress server;
  private final ServerSocketChannel listening;

  // Under the monitor of this.
  private final List<SocketChannel> toClients = new ArrayList<>();
  private final List<SocketChannel> toServers = new ArrayList<>();

  private Relay(SocketAddress server, ServerSocketChannel listening) {
    this.server = server;
    this.listening = listening;
  }

  static Relay to(Setting setting) throws IOException {
    ServerSocketChannel listening =
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    SocketAddress server =
        setting.address().startsWith("unix:")
            ? UnixDomainSocketAddress.of(setting.socket())
            : new InetSocketAddress(InetAddress.getLoopbackAddress(), setting.port());
    Relay relay = new Relay(server, listening);
    daemon(relay::accept);
    return relay;
  }

  int port() throws IOException {
    return ((InetSocketAddress) listening.getLocalAddress()).getPort();
  }

  /** Servers see their clients die. */
  synchronized void cutServer() throws IOException {
    closeAll(toServers);
  }

  /** Clients see their servers die. */
  synchronized void cutClient() throws IOException {
    closeAll(toClients);
  }

  private static void closeAll(List<SocketChannel> sockets) throws IOException {
    for (SocketChannel socket : sockets) {
      socket.close();
    }
    sockets.clear();
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "relay");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = listening.accept();
        SocketChannel behind;
        try {
          behind = SocketChannel.open(server);
        } catch (IOException e) {
          client.close();
          continue;
        }
        synchronized (this) {
          toClients.add(client);
          toServers.add(behind);
        }
        daemon(() -> copy(client, behind));
        daemon(() -> copy(behind, client));
      }
    } catch (IOException e) {
      // It was closed.
    }
  }

  /** Until either end has gone. What was cut at one end is not told the other one. */
  private static void copy(SocketChannel from, SocketChannel to) {
    ByteBuffer bytes = ByteBuffer.allocate(64 << 10);
    try {
      while (from.read(bytes.clear()) >= 0) {
        bytes.flip();
        while (bytes.hasRemaining()) {
          to.write(bytes);
        }
      }
      to.shutdownOutput();
    } catch (IOException e) {
      // The other direction ends likewise.
    }
  }

  @Override
  public synchronized void close() throws IOException {
    listening.close();
    closeAll(toClients);
    closeAll(toServers);
  }
}
