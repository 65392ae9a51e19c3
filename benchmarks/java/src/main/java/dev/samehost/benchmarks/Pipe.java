package dev.samehost.benchmarks;

import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/** Two descriptors, without anything above them: the floor of a transport. */
final class Pipe {
  /** How long a spinning end goes without an answer before it sleeps, until there is one. */
  private static final long LONGEST_SPIN_NANOS = 20_000_000;

  private final ReadableByteChannel in;
  private final WritableByteChannel out;

  /** Reads when the spin was in vain; null where all reads wait. */
  private final Sleeper sleeper;

  private Pipe(ReadableByteChannel in, WritableByteChannel out, Sleeper sleeper) {
    this.in = in;
    this.out = out;
    this.sleeper = sleeper;
  }

  /** Waits until there is something, and reads it. */
  private interface Sleeper {
    int read(ByteBuffer buffer) throws IOException;
  }

  static Pipe connect(String address, boolean spin) throws IOException {
    if (address.startsWith("stdio:")) {
      List<String> command = words(address.substring("stdio:".length()));
      Process child =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      // The child's own ends of its pipes, opened anew: the streams of a Process buffer.
      Path ends = Path.of("/proc", Long.toString(child.pid()), "fd");
      if (spin) {
        return over(new SpinningPipe(ends.resolve("1").toString(), ends.resolve("0").toString()));
      }
      return new Pipe(
          FileChannel.open(ends.resolve("1"), StandardOpenOption.READ),
          FileChannel.open(ends.resolve("0"), StandardOpenOption.WRITE),
          null);
    }
    return over(SocketChannel.open(target(address)), spin);
  }

  static Pipe accept(String address, boolean spin, Runnable ready) throws IOException {
    if (address.equals("stdio:")) {
      if (spin) {
        return over(new SpinningPipe("/proc/self/fd/0", "/proc/self/fd/1"));
      }
      return new Pipe(
          new FileInputStream(FileDescriptor.in).getChannel(),
          new FileOutputStream(FileDescriptor.out).getChannel(),
          null);
    }
    SocketAddress target = target(address);
    ServerSocketChannel listener =
        target instanceof UnixDomainSocketAddress
            ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
            : ServerSocketChannel.open();
    try (listener) {
      listener.bind(target);
      ready.run();
      return over(listener.accept(), spin);
    }
  }

  private static Pipe over(SocketChannel socket, boolean spin) throws IOException {
    if (socket.getRemoteAddress() instanceof InetSocketAddress) {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }
    socket.configureBlocking(!spin);
    return new Pipe(socket, socket, spin ? buffer -> sleep(socket, buffer) : null);
  }

  private static int sleep(SocketChannel socket, ByteBuffer buffer) throws IOException {
    socket.configureBlocking(true);
    int count = socket.read(buffer);
    socket.configureBlocking(false);
    return count;
  }

  private static Pipe over(SpinningPipe pipe) {
    return new Pipe(
        pipe,
        pipe,
        buffer -> {
          pipe.sleep();
          return pipe.read(buffer);
        });
  }

  private static List<String> words(String command) {
    List<String> words = new ArrayList<>();
    new StringTokenizer(command).asIterator().forEachRemaining(word -> words.add((String) word));
    return words;
  }

  private static SocketAddress target(String address) {
    if (address.startsWith("unix:")) {
      return UnixDomainSocketAddress.of(address.substring("unix:".length()));
    }
    return tcp(address);
  }

  static SocketAddress tcp(String address) {
    URI uri = URI.create(address.replaceFirst("tcp:", "tcp://"));
    return new InetSocketAddress(uri.getHost(), uri.getPort());
  }

  /** Reads what there is, and waits while there is nothing. */
  void read(ByteBuffer buffer) throws IOException {
    int count = in.read(buffer);
    if (count == 0) {
      count = spin(buffer);
    }
    if (count < 0) {
      throw new EOFException();
    }
  }

  private int spin(ByteBuffer buffer) throws IOException {
    long end = System.nanoTime() + LONGEST_SPIN_NANOS;
    int count = 0;
    while (count == 0 && System.nanoTime() < end) {
      Thread.onSpinWait();
      count = in.read(buffer);
    }
    return count == 0 ? sleeper.read(buffer) : count;
  }

  void write(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
  }
}
